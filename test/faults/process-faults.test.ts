import { join } from 'node:path'
import type { LinkChoice, RunCheck, ScenarioFault } from '@infermesh/scenario'
import type { FaultControl, Testnet } from '@infermesh/testnet'
import { expect, test } from 'vitest'
import { ProcessFaults } from '../../packages/cli/src/faults/process-faults.ts'
import { ring, type SmallTestnet, smallTestnet } from '../../packages/testnet/src/supervisor/fixtures/small-testnet.ts'

const entry = join(import.meta.dirname, '../../packages/testnet/src/peer/fixtures/talker-entry.ts')
const peers = ring(3)

const links: LinkChoice = { type: 'between', left: ['p0'], right: ['p1'], oneWay: false }
const at = { at: 0, until: 400 }
const faults: readonly ScenarioFault[] = [
  { ...at, kind: 'delay', links, by: 80, jitter: 0 },
  { ...at, kind: 'jitter', links, by: 0, jitter: 40 },
  { ...at, kind: 'loss', links, share: 0.5, burst: 1 },
  { ...at, kind: 'bandwidth', peers: ['p0'], bitsPerSecond: 500_000 },
  { ...at, kind: 'partition', groups: [['p0'], ['p1']], mode: 'jam', oneWay: false },
  { ...at, kind: 'partition', groups: [['p2']], mode: 'cut', oneWay: true },
  { ...at, kind: 'reorder', links, share: 0.5, within: 20 },
  { ...at, kind: 'reset', links, share: 0.9 },
  { ...at, kind: 'clock', peers: ['p0'], offset: 5_000, driftPpm: 0 },
  { ...at, kind: 'disk', peers: ['p1'], trouble: 'slow', by: 25 },
  { ...at, kind: 'disk', peers: ['p2'], trouble: 'full', by: 0 },
  { ...at, kind: 'pause', peers: ['p0'] },
  { ...at, kind: 'crash', peers: ['p1'] },
]

/** Does each fault once, with something said meanwhile. */
async function checksOf(net: SmallTestnet, testnet: Testnet): Promise<readonly RunCheck[]> {
  const process = new ProcessFaults({ testnet, peers, scenario: { network: {}, seed: 1 }, patience: 800 })
  for (const fault of faults) {
    await process.apply(fault)
    await converse(net)
    await process.heal(fault)
  }
  return await process.checks()
}

test('faults that act are proved, and faults that a testnet only pretends to do are found out', async () => {
  await using net = await smallTestnet(peers, { entry })
  await net.testnet.start()
  await net.testnet.meshed(20_000)

  const pretended = await checksOf(net, numb(net.testnet))
  expect(pretended).toContainEqual({ name: 'all faults acted', held: false, expected: `${faults.length} faults`, actual: '0 faults' })

  expect(await fastest(net)).toBeLessThan(40)
  const real = await checksOf(net, net.testnet)
  expect(real.filter(({ held }) => !held)).toEqual([])

  const latency = { median: 60, p99: 60 }
  await new ProcessFaults({ testnet: net.testnet, peers, scenario: { network: { latency }, seed: 1 } }).layLinks()
  expect(await fastest(net)).toBeGreaterThanOrEqual(59)
}, 60_000)

async function fastest({ testnet }: SmallTestnet): Promise<number> {
  const delays: number[] = []
  await testnet.faults.prepareProbes('p1', 'p2')
  const link = { from: 'p1', to: 'p2', count: 20, bytes: 0, patience: 5_000 }
  await testnet.faults.probe(link, (delay) => delays.push(delay ?? Number.NaN))
  return Math.min(...delays)
}

/** Whoever is up and can be reached says something to its neighbour, and saves something. */
async function converse({ testnet }: SmallTestnet): Promise<void> {
  const running = testnet.peers().filter(({ state }) => state === 'running')
  for (const { name } of running) {
    const next = testnet.status(peers.find((peer) => peer.name === name)?.dial[0] ?? '').peerId
    const messages = [
      { type: 'call', text: next },
      { type: 'keep', text: 'something' },
    ]
    for (const message of messages) {
      // Some of these fail: that is what the faults are for.
      await testnet
        .ask(name, { stream: 'control', message, timeout: 300 })
        .next()
        .catch(() => undefined)
    }
  }
}

/** A testnet that accepts every order and carries none out. What it tells of its links is true. */
function numb(testnet: Testnet): Testnet {
  const counts = { asked: 0, meant: 0, dropped: 0, reset: 0, delayed: 0, delayMsTotal: 0, duplicated: 0 }
  const nothing = async (): Promise<void> => undefined
  const pretended = { counts: () => counts, refresh: nothing, heal: nothing }
  const inert: Partial<FaultControl> = {
    placeRule: () => ({ fault: pretended, placed: Promise.resolve() }),
    setLineRate: nothing,
    setClock: nothing,
    setDisk: nothing,
    doom: nothing,
  }
  return changed(testnet, { faults: changed(testnet.faults, inert), crash: nothing, pause: nothing })
}

function changed<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return members[name as keyof T]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
