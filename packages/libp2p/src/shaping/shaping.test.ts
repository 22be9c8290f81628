import { publish, randomFrom, request, respond, subscribe } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { note, rumour } from '../../test/note-codec.ts'
import { type React, type TestPeer, withPeers } from '../../test/peer.ts'
import { PeerShape } from './peer-shape.ts'

test('a log-normal delay has the median and the 99th percentile that were asked for', () => {
  const shape = shapeOf({ delay: { median: 40, p99: 180 } })
  const delays = Array.from({ length: 20_000 }, () => readyAt(shape)).sort((a, b) => a - b)

  expect(delays[10_000]).toBeGreaterThan(38)
  expect(delays[10_000]).toBeLessThan(42)
  expect(delays[19_800]).toBeGreaterThan(160)
  expect(delays[19_800]).toBeLessThan(200)
})

test('loss takes its share, in runs of the asked length', () => {
  for (const { rate, burst } of [
    { rate: 0.1, burst: undefined },
    { rate: 0.2, burst: 5 },
  ]) {
    const shape = shapeOf({ loss: burst === undefined ? { rate } : { rate, burst } })
    const lost = Array.from({ length: 50_000 }, () => shape.pass(100, true).lost)
    const share = lost.filter(Boolean).length / lost.length
    const runs = lost.filter((gone, index) => gone && lost[index - 1] !== true).length

    expect(share).toBeGreaterThan(rate * 0.9)
    expect(share).toBeLessThan(rate * 1.1)
    const length = (share * lost.length) / runs
    expect(length).toBeGreaterThan((burst ?? 1 / (1 - rate)) * 0.9)
    expect(length).toBeLessThan((burst ?? 1 / (1 - rate)) * 1.1)
  }
})

test('bandwidth spaces messages by their size, and a quiet link gathers no credit', () => {
  const clock = { now: 0 }
  const shape = new PeerShape(randomFrom('x'), () => clock.now)
  shape.set({ bandwidth: 1000 })

  expect([readyAt(shape, 500), readyAt(shape, 500), readyAt(shape, 1000)]).toEqual([500, 1000, 2000])
  clock.now = 10_000
  expect(readyAt(shape, 500)).toBe(10_500)
})

test('on a stream, delayed and lossy frames keep their order and all arrive', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    await asker.host.dial(server.id)
    asker.host.shape(server.id, { delay: { median: 3, p99: 30 }, jitter: 5, loss: { rate: 0.2, retransmit: 20 } })
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`)
    for (const text of texts) asker.perform(ask(text, server, text))

    await asker.heard('response', texts.length)
    expect((await server.heard('request', texts.length)).map((input) => input.message.text)).toEqual(texts)
    const { sent, lost, askedMsMean, achievedMsMean } = asker.host.shaped(server.id)
    expect(sent).toBe(texts.length)
    expect(lost).toBeGreaterThan(0)
    expect(achievedMsMean).toBeGreaterThanOrEqual(askedMsMean - 1)
  })
})

test('a delay to one peer is felt by that peer only, and in the asked amount', async () => {
  await withPeers([{ name: 'asker' }, { name: 'slow', react: echo }, { name: 'fast', react: echo }], async (asker, slow, fast) => {
    await Promise.all([asker.host.dial(slow.id), asker.host.dial(fast.id)])
    asker.host.shape(slow.id, { delay: { median: 150 } })

    const sent = performance.now()
    asker.perform(ask('slow', slow), ask('fast', fast))
    const answers = await asker.heard('response', 2)

    expect(answers.map((answer) => answer.callId)).toEqual(['fast', 'slow'])
    expect(performance.now() - sent).toBeGreaterThanOrEqual(149)
    expect(asker.host.shaped(slow.id).askedMsMean).toBe(150)
  })
})

test('a jammed peer gets nothing until the jam ends, over the same connection', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    await asker.host.dial(server.id)
    asker.host.shape(server.id, { gate: 'jammed' })
    asker.perform(ask('c1', server, 'held', 200))
    expect((await asker.heard('failed'))[0]?.failure.code).toBe('timeout')
    expect(server.inputs.filter((input) => input.type === 'request')).toEqual([])

    asker.perform(ask('c2', server, 'waits'))
    asker.host.shape(server.id, undefined)
    expect((await asker.heard('response'))[0]?.callId).toBe('c2')
    expect((await server.heard('request')).map((input) => input.message.text)).toEqual(['waits'])
    expect(server.inputs.some((input) => input.type === 'peerLost')).toBe(false)
  })
})

test('gossip to a lossy peer loses messages but not the mesh; without loss, delayed gossip arrives', async () => {
  const listen: React = (input) => (input.type === 'started' ? [subscribe('news')] : [])
  const eager = { gossip: { heartbeat: 200 } }
  await withPeers(
    [
      { name: 'source', react: listen, options: eager },
      { name: 'sink', react: listen, options: eager },
    ],
    async (source, sink) => {
      source.host.shape(sink.id, { loss: { rate: 1 } })
      await source.host.dial(sink.id)
      for (const peer of [source, sink]) await peer.until(() => peer.host.meshPeers('news').length === 1, 'mesh')
      for (let index = 0; index < 10; index++) source.perform(publish('news', rumour(source.id, `lost ${index}`)))
      await expect.poll(() => source.host.shaped(sink.id).lost).toBeGreaterThanOrEqual(10)
      expect(sink.inputs.filter((input) => input.type === 'gossip')).toEqual([])

      source.host.shape(sink.id, { delay: { median: 50 } })
      source.perform(publish('news', rumour(source.id, 'arrives')))
      await sink.until(() => sink.inputs.some((input) => input.type === 'gossip' && input.envelope.text === 'arrives'), 'gossip')
    },
  )
}, 20_000)

test('gossip can be doubled and overtaken on the way, and is still delivered once each', async () => {
  const listen: React = (input) => (input.type === 'started' ? [subscribe('news')] : [])
  await withPeers(
    [
      { name: 'source', react: listen },
      { name: 'sink', react: listen },
    ],
    async (source, sink) => {
      await source.host.dial(sink.id)
      for (const peer of [source, sink]) await peer.until(() => peer.host.meshPeers('news').length === 1, 'mesh')
      source.host.shape(sink.id, { duplicate: 0.5, reorder: { rate: 0.5, by: 60 } })
      const said = Array.from({ length: 30 }, (_, index) => `${index}`)
      for (const text of said) source.perform(publish('news', rumour(source.id, text)))

      const heard = (await sink.heard('gossip', said.length)).map((input) => input.envelope.text)
      expect(heard).not.toEqual(said)
      expect([...heard].sort()).toEqual([...said].sort())
      const { duplicated, reordered } = source.host.shaped(sink.id)
      for (const count of [duplicated, reordered]) expect(count).toBeGreaterThan(5)
      expect(sink.host.gossipScore(source.id)).toBeGreaterThanOrEqual(0)
    },
  )
})

test('a kept connection comes back as soon as it is no longer stopped', async () => {
  const slow = { options: { limits: { redialMin: 60_000, redialMax: 60_000 } } }
  await withPeers([{ name: 'keeper', ...slow }, { name: 'other' }], async (keeper, other) => {
    await keeper.host.dial(other.id)
    keeper.host.shape(other.id, { gate: 'stopped' })
    await keeper.heard('peerLost')
    keeper.host.shape(other.id, undefined)

    await expect.poll(() => keeper.host.connections()).toEqual([other.id])
  })
})

test('stopped both ways at one end: neither can connect to the other', async () => {
  await withPeers([{ name: 'wall' }, { name: 'knocker' }], async (wall, knocker) => {
    wall.host.shape(knocker.id, { gate: 'stopped' })

    await expect(wall.host.dial(knocker.id)).rejects.toThrow('stopped')
    knocker.perform(ask('c1', wall))
    expect((await knocker.heard('failed'))[0]?.failure.code).toMatch(/unreachable|lost/)
    expect(wall.inputs.map((input) => input.type)).toEqual(['started'])
  })
})

function shapeOf(rule: Parameters<PeerShape['set']>[0]): PeerShape {
  const shape = new PeerShape(randomFrom('shape'), () => 0)
  shape.set(rule)
  return shape
}

function readyAt(shape: PeerShape, bytes = 100): number {
  const passage = shape.pass(bytes, false)
  return passage.lost ? Number.NaN : passage.readyAt
}

const ask = (callId: string, to: TestPeer, text = 'x', timeout = 5000) =>
  request({ callId, to: to.id, stream: 'ask', message: note(text), timeout })

const echo: React = (input) => (input.type === 'request' ? [respond(input.id, input.message)] : [])
