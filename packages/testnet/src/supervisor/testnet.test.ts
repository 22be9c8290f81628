import { existsSync, readFileSync } from 'node:fs'
import type { TraceRecord } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { ring, smallTestnet } from './fixtures/small-testnet.ts'

test('five peers start, link up and report the network ready', async () => {
  await using net = await smallTestnet(ring(5))

  await net.testnet.start()
  await net.testnet.meshed(10_000)

  const ready = await net.recorded(({ event }) => event.type === 'meshReady')
  expect(ready.event).toEqual({ type: 'meshReady', peers: 5 })
  expect(net.testnet.peers().map(({ state }) => state)).toEqual(Array(5).fill('running'))
  expect(new Set(net.testnet.peers().map(({ pid }) => pid)).size).toBe(5)
  expect(net.records.filter(({ event }) => event.type === 'peerStarted')).toHaveLength(5)
})

test('the merged trace is numbered without gaps and in order of time', async () => {
  await using net = await smallTestnet(ring(5))

  await net.testnet.start()
  await net.testnet.meshed(10_000)
  await net.testnet.stopAll()

  expect(net.records.map(({ seq }) => seq)).toEqual(net.records.map((_, index) => index))
  const times = net.records.map(({ at }) => at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.every(Number.isInteger)).toBe(true)
})

test('a tidy stop brings the last word of every peer into the trace and leaves no process', async () => {
  await using net = await smallTestnet(ring(3))
  await net.testnet.start()
  const pids = pidsOf(net.testnet.peers())

  await net.testnet.stopAll()

  expect(net.records.filter(({ event }) => event.type === 'hostStopped')).toHaveLength(3)
  expect(net.records.filter(({ event }) => event.type === 'peerStopped')).toHaveLength(3)
  expect(pids.filter(isAlive)).toEqual([])
  expect(net.unexpected).toEqual([])
})

test('a crashed peer comes back with its identity, its store and its links', async () => {
  await using net = await smallTestnet(ring(3))
  await net.testnet.start()
  await net.testnet.meshed(10_000)
  const before = net.testnet.peers()[0]

  await net.testnet.crash('p0')
  const down = net.testnet.peers()[0]
  await net.testnet.restart('p0')
  await net.testnet.meshed(10_000)

  const after = net.testnet.peers()[0]
  expect(down?.state).toBe('down')
  expect(after?.peerId).toBe(before?.peerId)
  expect(after?.pid).not.toBe(before?.pid)
  expect(after?.restarts).toBe(1)
  expect(await firstAnswer(net.testnet, 'p0')).toMatchObject({ boots: 2 })
  await net.recorded(({ event }) => event.type === 'peerCrashed')
  await net.recorded(({ event }) => event.type === 'peerStarted' && 'restarted' in event && event.restarted === true)
  expect(net.unexpected).toEqual([])
})

test('what a peer emitted before it was killed is in the trace', async () => {
  await using net = await smallTestnet(ring(1))
  await net.testnet.start()
  await firstAnswer(net.testnet, 'p0')

  await net.testnet.crash('p0')
  await net.testnet.stopAll()

  const types = net.records.map(({ event }) => event.type)
  expect(types).toContain('asked')
  expect(types.indexOf('asked')).toBeLessThan(types.indexOf('peerCrashed'))
})

test('a paused peer stands still and answers only once it is resumed', async () => {
  await using net = await smallTestnet(ring(2))
  await net.testnet.start()

  await net.testnet.pause('p0')
  const answer = firstAnswer(net.testnet, 'p0')
  await firstAnswer(net.testnet, 'p1')
  const state = readFileSync(`/proc/${net.testnet.peers()[0]?.pid}/stat`, 'utf8')
  const paused = await net.testnet.stats('p0')
  net.testnet.resume('p0')

  expect(state).toContain(') T ')
  expect(paused.host).toBeUndefined()
  expect(paused.memory?.pssBytes).toBeGreaterThan(0)
  expect(await answer).toMatchObject({ type: 'echo' })
  await expect(net.testnet.pause('nobody')).rejects.toThrow('expected the name of a peer, got nobody')
  expect(() => net.testnet.resume('p0')).toThrow('expected p0 to be paused, but it is running')
})

test('a paused peer can be stopped in order', async () => {
  await using net = await smallTestnet(ring(1))
  await net.testnet.start()
  await net.testnet.pause('p0')

  await net.testnet.stopAll()

  expect(net.records.map(({ event }) => event.type)).toEqual(expect.arrayContaining(['hostStopped', 'peerStopped']))
})

test('a peer that cannot start fails the start with the last lines of its log, and nothing is left', async () => {
  const peers = ring(3).map((peer) => (peer.name === 'p1' ? { ...peer, config: { fail: 'exit' } } : peer))
  await using net = await smallTestnet(peers)

  const start = net.testnet.start()

  await expect(start).rejects.toThrow(/p1 did not start: it exited with code 3\nlast lines of .*p1\.log:\nthe disk is on fire/)
  expect(net.testnet.peers().map(({ state }) => state)).toEqual(['down', 'down', 'down'])
})

test('an error thrown while a peer starts is the reason given', async () => {
  await using net = await smallTestnet(ring(1).map((peer) => ({ ...peer, config: { fail: 'throw' } })))

  await expect(net.testnet.start()).rejects.toThrow(/p0 did not start: Error: no port is free for this peer/)
})

test('a peer that hangs while it starts is killed when its time is up', async () => {
  const peers = ring(1).map((peer) => ({ ...peer, config: { fail: 'spin' } }))
  await using net = await smallTestnet(peers, { limits: { bootTimeout: 500 } })

  await expect(net.testnet.start()).rejects.toThrow('p0 did not start: it was not listening after 500 ms')
})

test('a peer that dies by itself is reported with its own error', async () => {
  await using net = await smallTestnet(ring(2))
  await net.testnet.start()

  await expect(firstAnswer(net.testnet, 'p0', 'throw')).resolves.toMatchObject({ type: 'echo' })
  const crashed = await net.recorded(({ event }) => event.type === 'peerCrashed')

  expect(crashed.event).toMatchObject({ name: 'p0', reason: expect.stringContaining('the machine threw') })
  expect(net.unexpected).toMatchObject([{ peers: ['p0'], detail: expect.stringContaining('the machine threw') }])
  expect(readFileSync(net.unexpected[0]?.log ?? '', 'utf8')).toContain('p0: Error: the machine threw')
})

test('an ask yields every answer, and fails as lost when the process goes down meanwhile', async () => {
  await using net = await smallTestnet(ring(2))
  await net.testnet.start()

  const many = { type: 'many', count: 3 }
  const answers = await collect(net.testnet.ask('p0', { stream: 'control', message: many }))
  const open = firstAnswer(net.testnet, 'p1', 'silence')
  await net.recorded(({ peer, event }) => peer === 'p1' && event.type === 'asked')
  await net.testnet.crash('p1')

  expect(answers).toMatchObject([{ index: 0 }, { index: 1 }, { index: 2 }])
  await expect(open).rejects.toMatchObject({ name: 'CallFailed', code: 'lost' })
  await expect(firstAnswer(net.testnet, 'p1')).rejects.toMatchObject({ code: 'lost', message: 'p1 is down' })
})

test('an aborted ask ends at once', async () => {
  await using net = await smallTestnet(ring(1))
  await net.testnet.start()
  const abort = new AbortController()

  const answers = net.testnet.ask('p0', { stream: 'control', message: { type: 'silence' } }, abort.signal)
  const next = answers.next()
  await net.recorded(({ event }) => event.type === 'asked')
  abort.abort()

  expect(await next).toEqual({ done: true, value: undefined })
})

test('faults and stats reach the host, and its refusals come back', async () => {
  await using net = await smallTestnet(ring(2))
  await net.testnet.start()
  await net.testnet.meshed(10_000)

  await net.testnet.faults.addRule('jam', { type: 'jam', links: { type: 'all' } })
  await net.recorded(({ peer, event }) => peer === 'p0' && event.type === 'ordered rule')
  const stats = await net.testnet.stats('p0')

  expect(stats.host?.counters).toEqual({ connections: 1 })
  expect(stats.host?.loopDelayMsMax).toBeGreaterThanOrEqual(0)
  expect(stats.memory?.rssBytes).toBeGreaterThan(stats.memory?.pssBytes ?? 0)
  await expect(net.testnet.faults.setClock('p0', { offset: 5, driftPpm: 0 })).rejects.toThrow('this host has no clock')
})

test('peers that share a process start together and crash together', async () => {
  await using net = await smallTestnet(ring(4).map((peer, index) => (index < 3 ? { ...peer, process: 'clients' } : peer)))
  await net.testnet.start()
  await net.testnet.meshed(10_000)

  const pids = net.testnet.peers().map(({ pid }) => pid)
  await net.testnet.crash('p1')
  await net.testnet.stopAll()

  expect(new Set(pids).size).toBe(2)
  expect(namesIn(net.records, 'peerCrashed')).toEqual(['p0', 'p1', 'p2'])
  expect(namesIn(net.records, 'peerStopped')).toEqual(['p3'])
})

test('a peer joins a running network', async () => {
  await using net = await smallTestnet(ring(2))
  await net.testnet.start()
  const [first] = ring(3).slice(2)

  await net.testnet.add({ ...(first ?? fail()), dial: ['p0', 'p1'] })
  await net.testnet.meshed(10_000)

  expect((await net.testnet.stats('p2')).host?.counters).toEqual({ connections: 2 })
})

test('a network that does not come together says which link lacks', async () => {
  await using net = await smallTestnet(ring(3))
  await net.testnet.start()
  await net.testnet.meshed(10_000)
  await net.testnet.pause('p1')
  await net.testnet.restart('p0')

  await expect(net.testnet.meshed(300)).rejects.toThrow(/expected the network to stand within 300 ms, but:\n.*p0 is not connected with p1/s)
})

test('a name used twice, or a link to nobody, is refused before anything starts', async () => {
  await expect(smallTestnet([...ring(2), ...ring(1)])).rejects.toThrow('expected peer names to be unique, got p0 twice')
  await expect(smallTestnet(ring(1).map((peer) => ({ ...peer, dial: ['p7'] })))).rejects.toThrow('expected the name of a peer, got p7')
})

async function firstAnswer(net: { ask: SmallAsk }, name: string, type = 'echo'): Promise<unknown> {
  for await (const answer of net.ask(name, { stream: 'control', message: { type } })) return answer
  return undefined
}

async function collect<T>(answers: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const answer of answers) all.push(answer)
  return all
}

type SmallAsk = (name: string, ask: { stream: string; message: { type: string } }) => AsyncIterable<unknown>

function namesIn(records: readonly TraceRecord[], type: string): readonly unknown[] {
  return records
    .filter(({ event }) => event.type === type)
    .map(({ event }) => ('name' in event ? event.name : undefined))
    .toSorted()
}

function pidsOf(peers: readonly { readonly pid: number | undefined }[]): readonly number[] {
  return peers.map(({ pid }) => pid).filter((pid) => pid !== undefined)
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

function fail(): never {
  throw new Error('the ring has this peer')
}
