import { type FaultOf, type RunCheck, resolveScenario, type ScenarioFault } from '@infermesh/scenario'
import { describe, expect, test } from 'vitest'
import { type FaultHost, faultHostOf } from '../../packages/cli/src/faults/fault-host.ts'
import { FaultInjector } from '../../packages/cli/src/faults/fault-injector.ts'
import { PeerWatch } from '../../packages/cli/src/faults/peer-watch.ts'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
import { smallNetwork } from './networks.ts'

const short = { until: '22s' }

const acted = async (...faults: unknown[]): Promise<readonly RunCheck[]> => {
  const { result } = await new VirtualRun(smallNetwork(faults, short)).finish()
  return result?.checks.filter((check) => check.name.startsWith('fault acted')) ?? []
}

const measure = (check: RunCheck | undefined, name: string): number =>
  Number(new RegExp(`${name} (-?[\\d.]+)`).exec(check?.actual ?? '')?.[1])

describe('every fault acts, and the run measures it', () => {
  test.each([
    ['crash', { at: '6s', crash: 'operator-0', for: '2s' }, 'gone', 1],
    ['crash between two effects', { at: '6s', crash: 'operator-0', afterEffects: 5, for: '2s' }, 'gone', 1],
    ['restart', { at: '6s', restart: 'operator' }, 'up', 2],
    ['pause', { at: '6s', pause: 'operator-0', for: '2s' }, 'answered', 0],
    ['partition', { at: '6s', partition: [['gateway-0'], ['operator']], for: '2s' }, 'arrived', 0],
    ['partition one way, cut', { at: '6s', partition: [['gateway-0']], oneWay: true, mode: 'cut', for: '2s' }, 'arrived', 0],
    ['delay', { at: '6s', delay: '80ms', on: ['gateway', 'operator'], for: '2s' }, 'addedMs', 80],
    ['jitter', { at: '6s', jitter: '40ms', for: '2s' }, 'spreadMs', 40],
    ['loss', { at: '6s', loss: '20%', for: '2s' }, 'lostShare', 0.2],
    ['bandwidth', { at: '6s', bandwidth: '1Mbit', on: 'gateway-0', for: '2s' }, 'addedMs', 80],
    ['clock forward', { at: '6s', clock: 'gateway-0', offset: '5s', for: '4s' }, 'offsetMs', 5_000],
    ['clock drift', { at: '6s', clock: 'gateway-0', drift: '10000ppm', for: '10s' }, 'offsetMs', 100],
    ['slow disk', { at: '6s', disk: 'slow', by: '25ms', on: 'operator', for: '4s' }, 'saveMs', 25],
    ['full disk', { at: '6s', disk: 'full', on: 'operator-0', for: '4s' }, 'gone', 1],
    ['torn disk', { at: '6s', disk: 'torn', on: 'operator-0', for: '4s' }, 'gone', 1],
  ])('%s', async (_what, fault, name, wanted) => {
    const [check] = await acted(fault)

    expect(check).toMatchObject({ held: true })
    expect(Math.abs(measure(check, name) - wanted)).toBeLessThanOrEqual(0.3 * wanted)
  })

  test.each([
    ['reorder', { at: '6s', reorder: '20%', for: '6s' }],
    ['duplicate', { at: '6s', duplicate: '20%', for: '6s' }],
    ['reset', { at: '6s', reset: '5%', for: '6s' }],
    ['loss in bursts', { at: '6s', loss: '10%', burst: 4, for: '6s' }],
    ['lossy disk', { at: '6s', disk: 'lossy', on: 'operator', for: '4s' }],
    ['churn', { at: '6s', churn: 'operator', rate: '30/m', down: '500ms', for: '8s' }],
    ['overload', { at: '6s', overload: 'open/summarizer@1.2', rate: '20/s', for: '3s' }],
  ])('%s', async (_what, fault) => {
    const checks = await acted(fault)

    expect(checks.length).toBeGreaterThan(0)
    expect(checks.filter((check) => !check.held)).toEqual([])
  })
})

/** A world whose faults do nothing at all: each proof has to notice. */
function numb(run: VirtualRun): FaultHost {
  const nothing = (): void => undefined
  const { world } = run.messages
  const handle = {
    label: '',
    counts: { asked: 0, meant: 0, dropped: 0, reset: 0, delayed: 0, delayMsTotal: 0, duplicated: 0 },
    remove: nothing,
  }
  const { crash, pause, setClock, setDisk, setLineRate } = {
    crash: nothing,
    pause: nothing,
    setClock: nothing,
    setDisk: nothing,
    setLineRate: nothing,
  }
  return { ...faultHostOf(world), crash, pause, setClock, setDisk, setLineRate, addRule: () => handle }
}

test.each(
  [
    { at: '6s', crash: 'operator-0', for: '2s' },
    { at: '6s', pause: 'operator-0', for: '2s' },
    { at: '6s', partition: [['gateway-0'], ['operator']], for: '2s' },
    { at: '6s', delay: '80ms', for: '2s' },
    { at: '6s', jitter: '40ms', for: '2s' },
    { at: '6s', loss: '20%', for: '2s' },
    { at: '6s', reorder: '20%', for: '2s' },
    { at: '6s', duplicate: '20%', for: '2s' },
    { at: '6s', reset: '20%', for: '2s' },
    { at: '6s', bandwidth: '1Mbit', on: 'gateway-0', for: '2s' },
    { at: '6s', clock: 'gateway-0', offset: '5s', for: '2s' },
    { at: '6s', disk: 'slow', by: '25ms', on: 'operator', for: '4s' },
    { at: '6s', disk: 'full', on: 'operator', for: '4s' },
  ].map((fault) => [fault] as const),
)('a fault that does nothing is found out: %j', (written) => {
  const scenario = smallNetwork([written], short)
  const [fault] = scenario.faults
  const run = new VirtualRun({ ...scenario, faults: [] })
  const host = numb(run)
  const injector = new FaultInjector({
    host,
    watch: new PeerWatch(host.now),
    names: run.plan.peers.map(({ name }) => name),
    usualRate: 1e9,
  })

  run.runUntil(6_000)
  injector.apply(fault as ScenarioFault)
  run.runUntil(10_000)
  injector.heal(fault as ScenarioFault)
  run.runUntil(12_000)

  expect(injector.checks()).toMatchObject([{ held: false }])
})

test('a healed network serves again', async () => {
  const scenario = smallNetwork([{ at: '6s', partition: [['gateway'], ['operator', 'owner-0', 'standby-0']], for: '3s' }], short)

  const { result, breakage } = await new VirtualRun(scenario).finish()

  expect(breakage).toBeUndefined()
  expect(result?.metrics['requests.unfinished']).toBe(0)
  expect(Number(result?.metrics['requests.ok'])).toBeGreaterThan(80)
})

test('peers with a wrong clock or a slow disk run on when the fault is over', async () => {
  const scenario = smallNetwork(
    [
      { at: '6s', clock: 'operator-0', offset: '3s', for: '3s' },
      { at: '6s', disk: 'slow', by: '40ms', on: 'operator-1', for: '3s' },
    ],
    short,
  )

  const { result, breakage } = await new VirtualRun(scenario).finish()

  expect(breakage).toBeUndefined()
  expect(result?.metrics['requests.success_rate']).toBe(1)
})

test('a peer that two faults hold down returns with the last of them', () => {
  const run = new VirtualRun(
    smallNetwork(
      [
        { at: '6s', crash: 'operator-0', for: '2s' },
        { at: '7s', crash: 'operator-0', for: '3s' },
      ],
      short,
    ),
  )

  run.runUntil(9_000)
  expect(run.messages.world.isUp('operator-0')).toBe(false)
  run.runUntil(11_000)
  expect(run.messages.world.isUp('operator-0')).toBe(true)
})

test('a planned crash that has not come by its end does not come later', () => {
  const run = new VirtualRun(smallNetwork([{ at: '6s', crash: 'hub-0', afterEffects: 100_000, for: '1s' }], short))

  run.runUntil(22_000)

  expect(run.messages.world.isUp('hub-0')).toBe(true)
  expect(run.messages.injector.checks()).toMatchObject([{ held: false, actual: '1 of 1 were never down' }])
})

test('a disk that was torn keeps its peer down, which says which value is damaged', async () => {
  const records: string[] = []
  const run = new VirtualRun(smallNetwork([{ at: '6s', disk: 'torn', on: 'operator-0', for: '2s' }], short), {
    onRecord: ({ event }) => {
      if (event.type === 'peerCrashed') records.push(event.reason)
    },
  })

  await run.finish()

  expect(records[0]).toBe('the disk tore a write')
  if (records.length > 1) expect(records[1]).toMatch(/refuses to start: .*disk is damaged/)
})

test('faults survive a round trip through JSON: they travel to other processes', () => {
  const { faults } = smallNetwork([
    { at: '1s', delay: '5ms' },
    { at: '1s', churn: 'operator', rate: '1/s' },
    { lie: 'spam', by: 'operator-0' },
  ])

  expect(JSON.parse(JSON.stringify(faults))).toEqual(faults)
  expect(resolveScenario({ name: 'x', about: 'x', peers: {} }).faults).toEqual([] as readonly FaultOf<'crash'>[])
})
