import type { TraceRecord } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { MixedRun } from '../../../test/mixed-program.ts'
import { runInWorker, StackRunFailed } from '../worker/run-in-worker.ts'

interface Outcome {
  readonly result: unknown
  readonly hash: string
  readonly inputs: string
}

async function play(run: MixedRun, seed = 1) {
  const records: TraceRecord[] = []
  const outcome = await runInWorker<{ readonly run: MixedRun }, Outcome>({
    entry: new URL('../../../test/mixed-program.ts', import.meta.url),
    seed,
    plan: { run },
    onRecord: (record) => records.push(record),
  })
  const said = records.flatMap(({ at, peer, event }) => ('what' in event ? [{ at, peer, what: String(event.what) }] : []))
  const by = (name: string): readonly string[] => said.filter(({ peer }) => peer === name).map(({ what }) => what)
  const times = (name: string): readonly string[] => said.filter(({ peer }) => peer === name).map(({ at, what }) => `${what} at ${at}`)
  return { ...outcome, records, by, times }
}

const upTo = (count: number, text: (index: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, index) => text(index + 1))

test('a call across the border takes its link’s delay once each way, and the first one a round trip to connect', async () => {
  const { times } = await play('calls')
  const expected = ['1 ok at 1200', '2 ok at 2100', '3 ok at 3100', '4 ok at 4100']

  expect(times('stack-asker')).toEqual(expected)
  expect(times('message-asker')).toEqual(expected)
  expect(times('stack-answerer')).toEqual(['got 1 at 1150', 'got 2 at 2050', 'got 3 at 3050', 'got 4 at 4050'])
})

test('an answer waits until its peer’s disk has taken what was saved before it', async () => {
  const { times } = await play('slowDisk')

  expect(times('message-asker')).toEqual(['1 ok at 1500', '2 ok at 2400'])
})

test('a jam across the border holds calls back in order, and nothing is lost', async () => {
  const { by, result } = await play('jam')

  expect(by('stack-answerer')).toEqual(upTo(7, (index) => `got ${index}`))
  expect(by('message-asker')).toEqual(upTo(7, (index) => `${index} ok`))
  expect(by('stack-asker')).toEqual(upTo(7, (index) => `${index} ok`))
  expect(result).toMatchObject({ dropped: expect.toSatisfy((count: number) => count > 0) })
})

test('a cut across the border breaks what crosses it and nothing else', async () => {
  const { by } = await play('cut')

  expect(by('message-asker')).toEqual(['1 ok', '2 lost', 'lost', '3 unreachable', '4 unreachable', '5 ok', '6 ok'])
  expect(by('stack-asker')).toEqual(upTo(6, (index) => `${index} ok`))
})

test('a crash on either side is told on the other, and calls go on after the restart', async () => {
  const { by, records } = await play('crash')
  const lives = records.flatMap(({ event }) => ('name' in event ? [`${event.type} ${event.name}`] : []))

  expect(by('message-asker').filter((what) => !what.endsWith('ok'))).toEqual(['lost', '3 unreachable', '4 unreachable'])
  // It has a libp2p connection to the other one that crashed.
  expect(by('stack-asker').filter((what) => !what.endsWith('ok'))).toEqual(['lost', 'lost', '3 unreachable', '4 unreachable'])
  expect(by('message-asker').at(-1)).toBe('6 ok')
  expect(by('stack-asker').at(-1)).toBe('6 ok')
  expect(lives.filter((life) => life.includes('stack-answerer'))).toEqual([
    'peerStarted stack-answerer',
    'peerCrashed stack-answerer',
    'peerStarted stack-answerer',
  ])
})

test('a crash between two effects keeps what came before it and nothing after, across the border too', async () => {
  const { by, result } = await play('planned')

  expect(by('stack-answerer')).toEqual(['got 1'])
  expect(by('message-asker')).toEqual(['1 lost', 'lost', '2 unreachable'])
  expect(result).toEqual([false, 1])
})

test('a paused peer answers later, whichever side it is on', async () => {
  const { by, times } = await play('pause')

  expect(by('message-asker')).toEqual(upTo(5, (index) => `${index} ok`))
  expect(by('stack-asker')).toEqual(upTo(5, (index) => `${index} ok`))
  for (const asker of ['message-asker', 'stack-asker']) expect(Number(times(asker)[1]?.split(' ').at(-1))).toBeGreaterThan(4900)
})

test('one rule acts on the links of both sides, and counts them together', async () => {
  const { result } = await play('delay')

  expect(result).toMatchObject({ delays: [90, 90, 10, undefined], counts: { delayed: expect.toSatisfy((count: number) => count >= 2) } })
})

test('gossip reaches every peer of both sides once, whoever says it', async () => {
  const { by, result } = await play('gossip')
  const all = [...upTo(20, (index) => `stack-herald ${index}`), ...upTo(20, (index) => `message-herald ${index}`)].sort()

  for (const reader of ['stack-reader', 'message-reader', 'far-reader']) expect([...by(reader)].sort()).toEqual(all)
  expect(result).toMatchObject({
    gossipIn: expect.toSatisfy((count: number) => count >= 20),
    gossipOut: expect.toSatisfy((count: number) => count >= 20),
    duplicates: expect.toSatisfy((count: number) => count > 0),
  })
})

test('peers on libp2p hear each other by gossipsub, never by the message side', async () => {
  const { by, result } = await play('stackGossip')

  expect(by('stack-reader')).toEqual(upTo(20, (index) => `stack-herald ${index}`))
  expect(result).toMatchObject({ gossipIn: 0 })
})

test('peers of both sides are asked from outside in the same way', async () => {
  const { result } = await play('asks')

  expect(new Set(result as readonly string[])).toEqual(new Set(['stack-answerer response at 0', 'message-answerer response at 0']))
})

test('a machine of the message side that throws ends the run, with its name', async () => {
  await expect(play('throws')).rejects.toThrow(StackRunFailed)
  await expect(play('throws')).rejects.toThrow(/message-answerer/)
})

test('the same seed is the same run, to every input, and another seed is another run', async () => {
  const [first, second, other] = await Promise.all([play('gossip'), play('gossip'), play('gossip', 2)])

  expect([second.hash, second.inputs]).toEqual([first.hash, first.inputs])
  expect(other.hash).not.toBe(first.hash)
})
