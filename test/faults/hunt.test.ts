import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { randomFrom } from '@infermesh/kernel'
import { plantedBugs } from '@infermesh/peers/planted'
import { Directory, defaultParameters } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { checkFactories, type Scenario, type ScenarioFault } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { drawSchedule } from '../../packages/cli/src/hunt/draw/schedule.ts'
import { hunt } from '../../packages/cli/src/hunt/hunt.ts'
import { huntPlanted } from '../../packages/cli/src/hunt/planted.ts'
import { readReplay, writeReplay } from '../../packages/cli/src/hunt/replay-file.ts'
import { shrink } from '../../packages/cli/src/hunt/shrink.ts'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
import { changedScenario } from '../../packages/cli/src/replay/changed-scenario.ts'
import { fork } from '../../packages/cli/src/replay/fork.ts'
import { firstDifference } from '../../packages/cli/src/replay/prove.ts'
import { smallNetwork } from './networks.ts'

const root = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)
let ground: Scenario

beforeAll(async () => {
  ground = await readScenario('scenarios/hunting-ground.yaml')
})

const bugNamed = (name: string) => {
  const bug = plantedBugs.find((each) => each.name === name)
  if (bug === undefined) throw new Error(`no planted bug is called ${name}`)
  return bug
}

test('schedules come from the seed, name peers of the scenario only, and end', () => {
  const names = new Set(ground.peers.map(({ name }) => name))

  fc.assert(
    fc.property(fc.integer({ min: 0 }), (seed) => {
      const schedule = drawSchedule(ground, randomFrom(seed))

      expect(drawSchedule(ground, randomFrom(seed))).toEqual(schedule)
      expect(JSON.parse(JSON.stringify(schedule))).toEqual(schedule)
      for (const fault of schedule.faults) {
        expect(fault.until).toBeGreaterThan(fault.at)
        if ('peers' in fault) expect(fault.peers.every((peer) => names.has(peer))).toBe(true)
      }
      for (const { peer, name } of schedule.commands) expect([peer, name]).toContain('owner-0')
    }),
    { numRuns: 300 },
  )
})

test('a schedule shrinks to the faults that matter, at their shortest', async () => {
  const crash = (peer: string, at: number): ScenarioFault => ({
    kind: 'crash',
    peers: [peer, 'hub-0'],
    at,
    until: at + 8_000,
    afterEffects: 3,
  })
  const faults = [crash('gateway-0', 1_111), crash('owner-0', 2_222), crash('operator-0', 3_333), crash('owner-0', 4_444)]
  const breaks = async ({ faults: left }: Scenario): Promise<boolean> =>
    left.some((fault) => fault.kind === 'crash' && fault.peers.includes('owner-0') && (fault.until ?? 0) - fault.at > 1_500)

  const { scenario, runs } = await shrink({ ...ground, faults }, breaks, 200)

  expect(scenario.faults).toHaveLength(1)
  expect(scenario.faults[0]).toMatchObject({ kind: 'crash', peers: ['owner-0'] })
  expect(scenario.faults[0]).not.toHaveProperty('afterEffects')
  expect((scenario.faults[0]?.until ?? 0) - (scenario.faults[0]?.at ?? 0)).toBe(2_000)
  expect(scenario.load.length).toBe(1)
  expect(runs).toBeLessThan(200)
})

test('the network as it is survives every schedule of a short hunt', async () => {
  const { finding, seedsRun } = await hunt(ground, { seeds: 4, first: 1 })

  expect(finding).toBeUndefined()
  expect(seedsRun).toBe(4)
})

describe('planted bugs', () => {
  test.each(['prompt-in-a-receipt', 'key-for-anyone', 'pay-rounded-up', 'half-is-enough', 'a-price-of-its-own', 'prefix-dropped'])(
    '%s is found',
    async (name) => {
      const bug = bugNamed(name)

      const { finding } = await huntPlanted(ground, bug, { seeds: 60, shrinkRuns: 0 })

      expect(bug.breaks).toContain(finding?.breakage.check)
    },
  )

  test('each has a name of its own and says what it breaks', () => {
    expect(plantedBugs.length).toBeGreaterThanOrEqual(15)
    expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length)
    expect(plantedBugs.every(({ breaks }) => breaks.length > 0)).toBe(true)
  })

  test('every check has one', () => {
    const directory = new Directory({ networkId: 'n', members: [], parameters: defaultParameters, attestationRoot: '' })
    const checks = checkFactories.map((create) => create({ directory, crypto: nodeCryptography, liars: new Set(), grace: 0 }).name)
    const broken = new Set(plantedBugs.flatMap(({ breaks }) => breaks))

    expect([...checks, 'I11'].filter((name) => !broken.has(name))).toEqual([])
  })

  test('as many runs at once as one likes find the same', async () => {
    const bug = bugNamed('epoch-for-anyone')
    const options = { seeds: 60, shrinkRuns: 0 }

    const alone = await huntPlanted(ground, bug, options)
    const together = await huntPlanted(ground, bug, { ...options, jobs: 2 })

    expect(alone.finding?.breakage).toBeDefined()
    expect(together).toEqual(alone)
  })

  test('a finding shrinks, and its smallest schedule still breaks the same check', async () => {
    const bug = bugNamed('key-for-anyone')

    const { finding } = await huntPlanted(ground, bug, { seeds: 60, shrinkRuns: 12 })

    expect(finding?.scenario.faults.length).toBeLessThanOrEqual(Math.max(1, (finding?.drawn ?? 0) - 1))
    expect(bug.breaks).toContain(finding?.breakage.check)
  })
})

describe('replays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infermesh-replay-'))
  const path = join(folder, 'replay.json')
  const scenario = smallNetwork([{ at: '6s', crash: 'owner-0', for: '3s' }], { until: '14s' })
  let traceHash = ''

  beforeAll(async () => {
    const outcome = await new VirtualRun(scenario).finish()
    traceHash = outcome.traceHash
    writeReplay(path, { world: 'message', scenario, stopEarly: false, traceHash, virtualMs: outcome.virtualMs })
  })

  test('another process makes the same run, bit for bit', async () => {
    const { stdout } = await run('npx', ['infermesh', 'replay', path, '--json'], { cwd: root })

    expect(JSON.parse(stdout)).toMatchObject({ same: true, traceHash })
  })

  test('a stop on the way shows what each peer is and has saved', async () => {
    const { stdout } = await run('npx', ['infermesh', 'replay', path, '--until', '7s', '--json'], { cwd: root })
    const { at, peers } = JSON.parse(stdout) as { at: number; peers: { peer: string; up: boolean; saved: object }[] }

    expect(at).toBe(7_000)
    expect(peers.find(({ peer }) => peer === 'owner-0')).toMatchObject({ up: false })
    expect(peers.find(({ peer }) => peer === 'standby-0')).toMatchObject({ up: true })
    expect(JSON.stringify(peers.find(({ peer }) => peer === 'grantor-0')?.saved)).toContain('grantor/promise')
  })

  test('a file of other code is refused, unless it is asked for', () => {
    const other = join(folder, 'other.json')
    writeFileSync(other, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), code: 'ffff' }))

    expect(() => readReplay(other, false)).toThrow('made by code ffff, this is')
    expect(readReplay(other, true).traceHash).toBe(traceHash)
  })

  test('what is no replay file is told so', () => {
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '{"format":7}')

    expect(() => readReplay(broken, false)).toThrow('expected a replay file of format 1, found format 7')
    expect(() => readReplay(join(folder, 'none.json'), false)).toThrow('expected a replay file, found none')
  })

  test('two futures part where the change begins to act, and not before', async () => {
    const after = changedScenario(scenario, ['faults.0.at=8s', 'faults.0.until=11s'])

    const both = await fork({ world: 'message', before: scenario, after }, new Map())

    expect(both.parting).toMatch(/^60\d\d ms /)
    expect(both.before.traceHash).toBe(traceHash)
    expect(both.after.traceHash).not.toBe(traceHash)
  })

  test('a fault is taken away, and a wrong path is refused', () => {
    expect(changedScenario(scenario, ['faults.0=none']).faults).toEqual([])
    expect(() => changedScenario(scenario, ['faults.7.at=3s'])).toThrow('expected a path that is in the scenario')
    expect(() => changedScenario(scenario, ['seed=soon'])).toThrow('expected a number')
  })

  test('a run under load is the same run, and a trace that differs is told by its first record', async () => {
    const out = join(folder, 'proof')
    const { stdout } = await run(
      'npx',
      ['infermesh', 'run', 'scenarios/small.yaml', '--world', 'message', '--prove', '--json', '--out', out],
      { cwd: root },
    )
    const { checks } = JSON.parse(stdout) as { checks: { name: string; held: boolean }[] }

    expect(checks.at(-1)).toMatchObject({ name: 'the same seed is the same run, also under load', held: true })

    const trace = readFileSync(join(out, 'trace.jsonl'), 'utf8').split('\n')
    writeFileSync(join(folder, 'other.jsonl'), trace.with(40, 'another').join('\n'))
    writeFileSync(join(folder, 'shorter.jsonl'), `${trace.slice(0, 40).join('\n')}\n`)
    expect(await firstDifference(join(out, 'trace.jsonl'), join(folder, 'other.jsonl'))).toMatchObject({ line: 41, found: 'another' })
    expect(await firstDifference(join(out, 'trace.jsonl'), join(folder, 'shorter.jsonl'))).toEqual({ line: 41, expected: trace[40] })
  })
})
