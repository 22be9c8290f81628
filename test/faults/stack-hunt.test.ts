import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { hunt } from '../../packages/cli/src/hunt/hunt.ts'
import { writeReplay } from '../../packages/cli/src/hunt/replay-file.ts'
import { finishInStack } from '../../packages/cli/src/hunt/stack-run.ts'
import { smallNetwork } from './networks.ts'

const root = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)
const path = join(mkdtempSync(join(tmpdir(), 'infermesh-stack-replay-')), 'replay.json')
const scenario = smallNetwork([{ at: '5s', crash: 'owner-0', for: '3s' }], { until: '10s' })
let traceHash = ''

beforeAll(async () => {
  const outcome = await finishInStack(scenario, {})
  traceHash = outcome.traceHash
  writeReplay(path, { world: 'stack', scenario, stopEarly: false, traceHash, virtualMs: outcome.virtualMs })
}, 60_000)

test('a hunt with peers on libp2p finds nothing in the network as it is', async () => {
  const short = smallNetwork([], { until: '12s' })
  const load = short.load.map((entry) => ({ ...entry, until: 6_000 }))

  const { finding, seedsRun } = await hunt({ ...short, load }, { world: 'stack', seeds: 2, first: 1, jobs: 2 })

  expect(finding).toBeUndefined()
  expect(seedsRun).toBe(2)
}, 60_000)

test('another process makes the same run on libp2p, bit for bit', async () => {
  const { stdout } = await run('npx', ['infermesh', 'replay', path, '--json'], { cwd: root })

  expect(JSON.parse(stdout)).toMatchObject({ same: true, traceHash })
}, 60_000)

test('a stop on the way shows what each peer on libp2p is and has saved', async () => {
  const { stdout } = await run('npx', ['infermesh', 'replay', path, '--until', '6s', '--json'], { cwd: root })
  const { at, peers } = JSON.parse(stdout) as { at: number; peers: { peer: string; up: boolean; status?: object; saved: object }[] }

  expect(at).toBe(6_000)
  expect(peers.find(({ peer }) => peer === 'owner-0')).toMatchObject({ up: false })
  expect(peers.find(({ peer }) => peer === 'standby-0')?.status).toBeDefined()
  expect(JSON.stringify(peers.find(({ peer }) => peer === 'grantor-0')?.saved)).toContain('grantor/promise')
}, 60_000)

test('two futures of a run on libp2p are told side by side, and part where the change acts', async () => {
  const { stdout } = await run('npx', ['infermesh', 'replay', path, '--until', '6s', '--set', 'faults.0.until=9s', '--json'], { cwd: root })
  const { before, after, parting } = JSON.parse(stdout) as Record<'before' | 'after', { traceHash: string }> & { parting: string }

  expect(before.traceHash).toBe(traceHash)
  expect(after.traceHash).not.toBe(traceHash)
  // With the first record that tells of it: the fault heals at 8 s in one of them.
  expect(parting).toMatch(/^8\d\d\d ms /)
}, 60_000)
