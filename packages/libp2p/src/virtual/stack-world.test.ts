import type { TraceRecord } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { FaultRun } from '../../test/fault-program.ts'
import { runInWorker, StackRunFailed } from './worker/run-in-worker.ts'

/** What the peers of a run said, as `at who what`, and the director's result. */
async function play(run: FaultRun) {
  const records: TraceRecord[] = []
  const result = await runInWorker<{ readonly run: FaultRun }, unknown>({
    entry: new URL('../../test/fault-program.ts', import.meta.url),
    seed: 1,
    plan: { run },
    onRecord: (record) => records.push(record),
  })
  const said = records.flatMap(({ at, peer, event }) =>
    event.type === 'said' && 'what' in event ? [{ at, peer, what: String(event.what) }] : [],
  )
  return { result, records, said, by: (name: string) => said.filter(({ peer }) => peer === name).map(({ what }) => what) }
}

const within = (said: readonly { readonly at: number }[], from: number, until: number) =>
  said.filter(({ at }) => at >= from && at < until).length

test('calls under way during a jam wait, and all are answered after it', async () => {
  const { said, by, result } = await play('jam')

  expect(within(said, 1600, 3000)).toBe(0)
  expect(by('bob')).toEqual(Array.from({ length: by('bob').length }, (_, index) => `${index + 1}`))
  expect(by('bob').length).toBeGreaterThanOrEqual(28)
  expect(by('alice').filter((what) => !what.endsWith(' ok'))).toEqual([])
  expect(result).toMatchObject({ dropped: expect.toSatisfy((count: number) => count > 0) })
})

test('a partition that outlasts the keep-alive time loses the connection, which comes back when it heals', async () => {
  const { by, result } = await play('silence')

  expect(result).toEqual({ severed: 0, healed: 1 })
  expect(by('bob').filter((what) => what === 'lost')).toEqual(['lost'])
  expect(by('alice').at(-1)).toMatch(/ ok$/)
})

test('a cut loses what is under way, refuses what comes, and heals', async () => {
  const { said, by } = await play('cut')
  const failed = said.filter(({ what }) => / (lost|unreachable)$/.test(what))

  expect(failed.map(({ what }) => what.split(' ')[1])).toContain('lost')
  expect(within(failed, 1600, 3000)).toBeGreaterThan(10)
  expect(within(failed, 5500, 6000)).toBe(0)
  expect(by('alice').at(-1)).toMatch(/ ok$/)
})

test('a probe measures the delay that was asked for', async () => {
  const { result } = await play('delay')
  const [before, after] = Array.isArray(result) ? result.map(Number) : []

  expect((after ?? 0) - (before ?? 0)).toBeGreaterThan(75)
  expect((after ?? 0) - (before ?? 0)).toBeLessThan(85)
})

test('loss costs streams time and nothing else', async () => {
  const { by, result } = await play('loss')
  const numbers = by('bob').map(Number)

  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  expect(by('alice').every((what) => what.endsWith(' ok'))).toBe(true)
  expect(result).toMatchObject({ dropped: 0, delayed: expect.toSatisfy((count: number) => count > 20) })
})

test('connections that break are made again, and every call ends once', async () => {
  const { by, result } = await play('flaky')
  const ended = by('alice').filter((what) => what !== 'lost')

  expect(result).toMatchObject({ reset: expect.toSatisfy((count: number) => count > 3) })
  expect(new Set(ended.map((what) => what.split(' ')[0])).size).toBe(ended.length)
  expect(by('alice').at(-1)).toMatch(/ ok$/)
})

test('gossip loses messages, not its meshes', async () => {
  const { by, result } = await play('gossipLoss')

  expect(result).toMatchObject({ dropped: expect.toSatisfy((count: number) => count > 20) })
  expect(by('bob').length).toBeGreaterThan(60)
  expect(by('bob').length).toBeLessThan(150)
})

test('gossip that is held back or doubled overtakes, and is heard once all the same', async () => {
  const { by } = await play('gossipReorder')
  const heard = by('bob').map(Number)

  expect(new Set(heard).size).toBe(heard.length)
  expect(heard.length).toBeGreaterThan(130)
  expect(heard).not.toEqual([...heard].sort((a, b) => a - b))
})

test('a narrow line makes large and many messages slow', async () => {
  const { said } = await play('bandwidth')
  const [first] = said

  expect(first?.at).toBeGreaterThan(1000 + 300)
})

test('a wrong clock never goes back, and its timers do not come before their time', async () => {
  const { said } = await play('clock')

  expect(said.map(({ at }) => at)).toEqual([0, 1000, 2000, 5250, 5750])
})

test('a slow disk keeps what follows a save waiting', async () => {
  const { said } = await play('slowDisk')

  expect(said.map(({ at, what }) => `${what} ${at}`)).toEqual(['before 0', 'after 700'])
})

test('a lossy disk loses what was not synced, and a full one stops the peer', async () => {
  const { by, records, result } = await play('lossyDisk')

  expect(by('alice')).toEqual(['kept 0', 'kept 1'])
  expect(result).toBe(false)
  expect(records.map(({ event }) => ('reason' in event ? event.reason : '')).filter(Boolean)).toEqual(['restart', 'the disk is full'])
})

test('whoever asks a peer from outside hears each answer at once, and why there is none', async () => {
  const { result } = await play('localAsk')

  expect(result).toEqual(['note false at 0', 'note true at 0', 'mute timeout', 'mute lost', 'mute unreachable'])
})

test('the main thread follows a run, ends it at a checkpoint, and aborts it', async () => {
  const entry = new URL('../../test/fault-program.ts', import.meta.url)
  const plan: { readonly run: FaultRun } = { run: 'endless' }
  const seen: number[] = []
  const result = await runInWorker({
    entry,
    seed: 1,
    plan,
    onProgress: ({ virtualMs }) => seen.push(virtualMs),
    onCheckpoint: (now) => now < 3000,
  })
  const controller = new AbortController()
  const aborted = runInWorker({ entry, seed: 1, plan, signal: controller.signal, onProgress: () => controller.abort() })

  expect(result).toBe(3000)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(seen.at(-1)).toBe(3000)
  expect(await aborted).toBe('aborted')
})

test('a machine that throws ends the run by name, input and virtual time', async () => {
  await expect(play('throws')).rejects.toSatisfy(
    (error) =>
      error instanceof StackRunFailed &&
      error.kind === 'MachineFailed' &&
      error.message === 'alice failed on input timer soon at 1234 ms (seed 1): out of ideas',
  )
})

test('a peer that spins without time moving ends the run by name', async () => {
  await expect(play('spins')).rejects.toSatisfy(
    (error) => error instanceof StackRunFailed && error.kind === 'NoProgress' && error.message.includes('busiest: alice'),
  )
})

test('what reaches for real time, chance or network is trapped and told', async () => {
  const { result } = await play('traps')

  expect(result).toEqual({
    caught: Array.from({ length: 5 }, () => 'RealityReached'),
    reached: ['node:timers/promises.setTimeout', 'fetch', 'crypto.subtle.generateKey', 'process.uptime', 'BroadcastChannel.postMessage'],
  })
})

test('all clocks of the thread are virtual, and all its randomness comes from the seed', async () => {
  const [{ result }, again] = await Promise.all([play('ambient'), play('ambient')])

  expect(result).toEqual(again.result)
  expect(result).toMatchObject({ times: [Date.UTC(2025, 0, 1) + 250, 250, 250_000_000, 2025, 300] })
})

test('time stands still while WebCrypto works', async () => {
  const { result } = await play('native')

  expect(result).toBe(100)
})
