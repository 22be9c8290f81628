import { publish, request, respond, subscribe } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { cut, inflict, jam, towards } from '../../test/link-faults.ts'
import { note, rumour } from '../../test/note-codec.ts'
import { type React, type TestPeer, withPeers } from '../../test/peer.ts'

test('on a stream, delayed and lossy frames keep their order and all arrive', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    await asker.host.dial(server.id)
    const links = towards(asker, server)
    const slow = inflict(asker, { type: 'delay', links, by: 3, jitter: 20 })
    const lossy = inflict(asker, { type: 'loss', links, share: 0.1, burst: 1 })
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`)
    for (const text of texts) asker.perform(ask(text, server, text))

    await asker.heard('response', texts.length)
    expect((await server.heard('request', texts.length)).map((input) => input.message.text)).toEqual(texts)
    expect(slow.counts.delayed).toBe(slow.counts.meant)
    expect(lossy.counts.delayed).toBeGreaterThan(0)
  })
})

test('a delay to one peer is felt by that peer only, and in the asked amount', async () => {
  await withPeers([{ name: 'asker' }, { name: 'slow', react: echo }, { name: 'fast', react: echo }], async (asker, slow, fast) => {
    await Promise.all([asker.host.dial(slow.id), asker.host.dial(fast.id)])
    inflict(asker, { type: 'delay', links: towards(asker, slow), by: 150, jitter: 0 })

    const sent = performance.now()
    asker.perform(ask('slow', slow), ask('fast', fast))
    const answers = await asker.heard('response', 2)

    expect(answers.map((answer) => answer.callId)).toEqual(['fast', 'slow'])
    expect(performance.now() - sent).toBeGreaterThanOrEqual(149)
  })
})

test('latency is on the way to each peer, in its own amount, for streams and for new connections', async () => {
  await withPeers([{ name: 'asker' }, { name: 'far', react: echo }, { name: 'near', react: echo }], async (asker, far, near) => {
    asker.host.links.setLatency({ median: 60, p99: 60, seed: 1, order: [asker.id, far.id] })

    const sent = performance.now()
    asker.perform(ask('far', far), ask('near', near))
    const answers = await asker.heard('response', 2)

    expect(answers.map((answer) => answer.callId)).toEqual(['near', 'far'])
    // The handshake goes there and back, then the request goes there.
    expect(performance.now() - sent).toBeGreaterThanOrEqual(179)
  })
})

test('a jammed peer gets nothing until the jam ends, over the same connection', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    await asker.host.dial(server.id)
    const jammed = jam(asker, server)
    asker.perform(ask('c1', server, 'held', 200))
    expect((await asker.heard('failed'))[0]?.failure.code).toBe('timeout')
    expect(server.inputs.filter((input) => input.type === 'request')).toEqual([])

    asker.perform(ask('c2', server, 'waits'))
    jammed.remove()
    expect((await asker.heard('response'))[0]?.callId).toBe('c2')
    expect((await server.heard('request')).map((input) => input.message.text)).toEqual(['waits'])
    expect(server.inputs.some((input) => input.type === 'peerLost')).toBe(false)
  })
})

test('what a second jam still holds stays held when the first one ends', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    await asker.host.dial(server.id)
    const [first, second] = [jam(asker, server), jam(asker, server)]
    asker.perform(ask('c1', server, 'held', 300))
    first.remove()
    expect((await asker.heard('failed'))[0]?.failure.code).toBe('timeout')

    asker.perform(ask('c2', server))
    second.remove()
    expect((await asker.heard('response'))[0]?.callId).toBe('c2')
  })
})

test('a narrow line spaces what leaves by its size, and what comes in too', async () => {
  for (const narrow of ['asker', 'echo'] as const) {
    await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
      await asker.host.dial(server.id)
      const [up, down] = narrow === 'asker' ? [50, Number.POSITIVE_INFINITY] : [Number.POSITIVE_INFINITY, 50]
      const host = narrow === 'asker' ? asker.host : server.host
      host.links.setLineRate({ up, down })
      const sent = performance.now()
      for (let index = 0; index < 4; index++) asker.perform(ask(`c${index}`, server, 'x'.repeat(2_500)))

      const order = (await asker.heard('response', 4)).map((answer) => answer.callId)
      expect(order).toEqual(['c0', 'c1', 'c2', 'c3'])
      expect(performance.now() - sent).toBeGreaterThanOrEqual(199)
      host.links.setLineRate({ up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY })
      asker.perform(ask('wide', server, 'x'.repeat(2_500)))
      await asker.until(() => asker.inputs.some((input) => input.type === 'response' && input.callId === 'wide'), 'answer')
    })
  }
})

test('gossip to a lossy peer loses messages but not the mesh; without loss, delayed gossip arrives', async () => {
  await withPeers(
    [
      { name: 'source', react: listen, options: eager },
      { name: 'sink', react: listen, options: eager },
    ],
    async (source, sink) => {
      const links = towards(source, sink)
      const lossy = inflict(source, { type: 'loss', links, share: 1, burst: 5 })
      await source.host.dial(sink.id)
      for (const peer of [source, sink]) await peer.until(() => peer.host.meshPeers('news').length === 1, 'mesh')
      for (let index = 0; index < 10; index++) source.perform(publish('news', rumour(source.id, `lost ${index}`)))
      await expect.poll(() => lossy.counts.dropped).toBeGreaterThanOrEqual(10)
      expect(sink.inputs.filter((input) => input.type === 'gossip')).toEqual([])

      lossy.remove()
      inflict(source, { type: 'delay', links, by: 50, jitter: 0 })
      source.perform(publish('news', rumour(source.id, 'arrives')))
      await sink.until(() => sink.inputs.some((input) => input.type === 'gossip' && input.envelope.text === 'arrives'), 'gossip')
    },
  )
}, 20_000)

test('gossip can be doubled and overtaken on the way, and is still delivered once each', async () => {
  await withPeers(
    [
      { name: 'source', react: listen },
      { name: 'sink', react: listen },
    ],
    async (source, sink) => {
      await source.host.dial(sink.id)
      for (const peer of [source, sink]) await peer.until(() => peer.host.meshPeers('news').length === 1, 'mesh')
      const links = towards(source, sink)
      const doubled = inflict(source, { type: 'duplicate', links, share: 0.5, within: 20 })
      const mixed = inflict(source, { type: 'reorder', links, share: 0.5, within: 60 })
      const said = Array.from({ length: 30 }, (_, index) => `${index}`)
      for (const text of said) source.perform(publish('news', rumour(source.id, text)))

      const heard = (await sink.heard('gossip', said.length)).map((input) => input.envelope.text)
      expect(heard).not.toEqual(said)
      expect([...heard].sort()).toEqual([...said].sort())
      for (const count of [doubled.counts.duplicated, mixed.counts.delayed]) expect(count).toBeGreaterThan(5)
      expect(sink.host.gossipScore(source.id)).toBeGreaterThanOrEqual(0)
    },
  )
})

test('a kept connection comes back as soon as it is no longer cut', async () => {
  const slow = { options: { limits: { redialMin: 60_000, redialMax: 60_000 } } }
  await withPeers([{ name: 'keeper', ...slow }, { name: 'other' }], async (keeper, other) => {
    await keeper.host.dial(other.id)
    const broken = cut(keeper, other)
    keeper.perform(ask('c1', other))
    await keeper.heard('peerLost')
    expect(keeper.host.connections()).toEqual([])
    broken.remove()

    await expect.poll(() => keeper.host.connections()).toEqual([other.id])
  })
})

test('a cut at one end keeps the other end from connecting too', async () => {
  await withPeers([{ name: 'wall' }, { name: 'knocker' }], async (wall, knocker) => {
    cut(wall, knocker)

    await expect(wall.host.dial(knocker.id)).rejects.toThrow('cut')
    knocker.perform(ask('c1', wall))
    expect((await knocker.heard('failed'))[0]?.failure.code).toMatch(/unreachable|lost/)
    expect(wall.inputs.map((input) => input.type)).toEqual(['started'])
  })
})

test('connections that break by chance are made again, and every call ends once', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    const flaky = inflict(asker, { type: 'reset', links: towards(asker, server), share: 0.2 })
    for (let index = 0; index < 40; index++) {
      asker.perform(ask(`c${index}`, server))
      await asker.until(() => ended(asker).length > index, 'end of a call')
    }

    expect(new Set(ended(asker)).size).toBe(40)
    expect(flaky.counts.reset).toBeGreaterThan(0)
    expect(asker.inputs.some((input) => input.type === 'response')).toBe(true)
  })
})

test('a probe takes as long as the link makes it, is lost where messages are lost, and stays behind where nothing passes', async () => {
  const arrivals: { readonly id: number; readonly at: number }[] = []
  const started = performance.now()
  const trueTime = {
    now: () => performance.now() - started,
    after: (delay: number, callback: () => void) => {
      const timer = setTimeout(callback, delay)
      return () => clearTimeout(timer)
    },
  }
  const sink = { name: 'sink', options: { trueTime, onProbe: (id: number, at: number) => void arrivals.push({ id, at }) } }
  await withPeers([{ name: 'source', options: { trueTime } }, sink], async (source, target) => {
    const links = towards(source, target)
    await source.host.links.prepareProbes(target.id)
    const jammed = jam(source, target)
    source.host.links.probe(target.id, [1], 0)
    jammed.remove()
    const lossy = inflict(source, { type: 'loss', links, share: 1, burst: 1 })
    source.host.links.probe(target.id, [2], 0)
    lossy.remove()
    inflict(source, { type: 'delay', links, by: 80, jitter: 0 })
    const sent = source.host.links.probe(target.id, [3, 4], 1_000)
    await expect.poll(() => arrivals.length).toBe(2)

    expect(arrivals.map(({ id }) => id)).toEqual([3, 4])
    for (const { at } of arrivals) expect(at - sent).toBeGreaterThanOrEqual(79)
  })
})

const listen: React = (input) => (input.type === 'started' ? [subscribe('news')] : [])
const eager = { gossip: { heartbeat: 200 } }

const ended = (peer: TestPeer): readonly string[] =>
  peer.inputs.flatMap((input) => (input.type === 'response' || input.type === 'failed' ? [input.callId] : []))

const ask = (callId: string, to: TestPeer, text = 'x', timeout = 5000) =>
  request({ callId, to: to.id, stream: 'ask', message: note(text), timeout })

const echo: React = (input) => (input.type === 'request' ? [respond(input.id, input.message)] : [])
