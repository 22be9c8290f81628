import { hash } from 'node:crypto'
import { type GossipVerdict, publish, subscribe } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { FORGED, noteCodec, type Rumour, rumour } from '../../test/note-codec.ts'
import { type React, type TestPeer, type TestPeerInit, withPeers } from '../../test/peer.ts'

test('what one peer publishes reaches nine others once, and not itself', async () => {
  const inits = Array.from({ length: 10 }, (_, index): TestPeerInit => ({ name: `p${index}`, react: listen }))
  await withPeers(inits, async (...peers) => {
    await link(peers, 4)
    const [first, ...rest] = peers
    // Clocks begin at 0. The first was signed long ago: it is said anew, and its age is no delay.
    const said = Array.from({ length: 20 }, (_, index) => rumour(peers[0]?.id ?? '', `news ${index}`, index === 0 ? -60_000 : 0))

    for (const envelope of said) first?.perform(publish('news', envelope))

    for (const peer of rest) {
      const heard = await peer.heard('gossip', said.length)
      expect(heard.map((input) => input.envelope.text).sort()).toEqual(said.map((envelope) => envelope.text).sort())
      expect(heard[0]).toMatchObject({ topic: 'news', envelope: { id: said[0]?.id } })
    }
    expect(first?.inputs.filter((input) => input.type === 'gossip')).toEqual([])
    const delays = () => (rest[0]?.events ?? []).flatMap((event) => ('delaysMs' in event ? (event.delaysMs as number[]) : []))
    await rest[0]?.until(() => delays().length >= said.length - 1, 'delay report')
    expect(delays()).toHaveLength(said.length - 1)
    expect(Math.max(...delays())).toBeLessThan(8_000)
  })
}, 20_000)

test('a dozen neighbours on one address are no offence', async () => {
  const inits = Array.from(
    { length: 15 },
    (_, index): TestPeerInit => ({
      name: `n${index}`,
      react: listen,
      options: { gossip: { heartbeat: 250 } },
    }),
  )
  await withPeers(inits, async (hub, ...rim) => {
    await Promise.all(rim.map((peer) => peer.host.dial(hub.id)))
    await Promise.all(rim.map((peer) => peer.until(() => peer.host.meshPeers('news').length === 1, 'mesh')))
    rim[0]?.perform(publish('news', rumour(rim[0].id, 'through the hub')))

    for (const peer of [hub, ...rim.slice(1)]) await peer.heard('gossip')
    for (const peer of rim) expect(hub.host.gossipScore(peer.id)).toBeGreaterThanOrEqual(0)
  })
}, 20_000)

test('a forged envelope is not passed on, and the third within a minute gets its sender ignored', async () => {
  const inits: TestPeerInit[] = [
    { name: 'liar', react: listen },
    { name: 'middle', react: listen },
    { name: 'far', react: listen },
  ]
  await withPeers(inits, async (liar, middle, far) => {
    await chain([liar, middle, far])
    liar.perform(publish('news', rumour(liar.id, 'true')))
    await far.heard('gossip')

    for (let lie = 1; lie <= 3; lie++) {
      liar.perform(publish('news', rumour(liar.id, `${FORGED} ${lie}`)))
      await polled(() => middle.host.stats().gossipRejected >= lie)
    }
    await polled(() => middle.host.gossipScore(liar.id) < -80)
    expect(middle.host.gossipScore(far.id)).toBeGreaterThanOrEqual(0)
    // A whitelist second may still let one message in; the middle's own news prove that the rest of the path is sound.
    middle.perform(publish('news', rumour(middle.id, 'still here')))
    const heard = await far.heard('gossip', 2)
    expect(heard.map((input) => input.envelope.text)).toEqual(['true', 'still here'])
    expect(middle.inputs.filter((input) => input.type === 'gossip')).toHaveLength(1)
  })
}, 20_000)

test('the machine says who is passed on: accept, reject with blame, ignore without', async () => {
  const validate = (envelope: Rumour): GossipVerdict =>
    envelope.text === 'bad' ? 'reject' : envelope.text === 'stale' ? 'ignore' : 'accept'
  const inits: TestPeerInit[] = [
    { name: 'source', react: listen },
    { name: 'middle', react: listen, validate },
    { name: 'far', react: listen },
  ]
  await withPeers(inits, async (source, middle, far) => {
    await chain([source, middle, far])
    source.perform(publish('news', rumour(source.id, 'stale')), publish('news', rumour(source.id, 'good')))
    expect((await far.heard('gossip'))[0]?.envelope.text).toBe('good')
    expect(middle.host.gossipScore(source.id)).toBeGreaterThanOrEqual(0)

    source.perform(publish('news', rumour(source.id, 'bad')))
    await polled(() => middle.host.gossipScore(source.id) < 0)
    expect(middle.inputs.filter((input) => input.type === 'gossip').map((input) => input.envelope.text)).toEqual(['good'])
    expect(far.inputs.filter((input) => input.type === 'gossip')).toHaveLength(1)
  })
}, 20_000)

test('an envelope is decoded once at each peer, however many neighbours send it', async () => {
  let decoded = 0
  const counting = {
    ...noteCodec,
    decodeEnvelope(topic: string, bytes: Uint8Array) {
      decoded++
      return noteCodec.decodeEnvelope(topic, bytes)
    },
  }
  const inits = Array.from({ length: 4 }, (_, index): TestPeerInit => ({ name: `p${index}`, react: listen, options: { codec: counting } }))
  await withPeers(inits, async (...peers) => {
    await link(peers, 3)
    peers[0]?.perform(publish('news', rumour(peers[0].id, 'once')))
    for (const peer of peers.slice(1)) await peer.heard('gossip')

    expect(decoded).toBe(3)
  })
}, 20_000)

test('publishing on a topic the host was not told of is our own bug', async () => {
  await withPeers([{ name: 'solo' }], async (solo) => {
    solo.perform(publish('gossip', rumour(solo.id, 'x')))

    await solo.until(() => solo.fatal.length > 0, 'fatal error')
    expect(solo.fatal[0]?.error.message).toContain('topic gossip must be one of')
  })
})

test('the envelope id is the content hash that gossip uses', () => {
  const envelope = rumour('someone', 'x')

  expect(envelope.id).toBe(hash('sha256', envelope.bytes))
})

const listen: React = (input) => (input.type === 'started' ? [subscribe('news')] : [])

/** Each dials the next few, and all are in a mesh. */
async function link(peers: readonly TestPeer[], degree: number): Promise<void> {
  for (const [index, peer] of peers.entries()) {
    for (let step = 1; step <= Math.min(degree, peers.length - 1) / 2 + 1; step++) {
      const other = peers[(index + step) % peers.length]
      if (other !== undefined && other !== peer) await peer.host.dial(other.id)
    }
  }
  for (const peer of peers) await peer.until(() => peer.host.meshPeers('news').length > 0, 'mesh')
}

async function chain(peers: readonly TestPeer[]): Promise<void> {
  for (const [index, peer] of peers.entries()) {
    const next = peers[index + 1]
    if (next !== undefined) await peer.host.dial(next.id)
  }
  const least = (index: number) => (index === 0 || index === peers.length - 1 ? 1 : 2)
  for (const [index, peer] of peers.entries()) await peer.until(() => peer.host.meshPeers('news').length >= least(index), 'mesh')
}

/** For what a host does not say: looks again until a deadline. */
async function polled(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 8000, interval: 5 }).toBe(true)
}

test('what is said before anybody listens is heard by the first who does', async () => {
  const inits: TestPeerInit[] = [
    { name: 'early', react: listen },
    { name: 'late', react: listen },
  ]
  await withPeers(inits, async (early, late) => {
    early.perform(publish('news', rumour(early.id, 'nobody is here yet')))
    await polled(() => early.host.stats().gossipPublished === 1)

    await early.host.dial(late.id)

    const [heard] = await late.heard('gossip')
    expect(heard?.envelope.text).toBe('nobody is here yet')
  })
}, 20_000)

test('what is said again once its echo has died away reaches those who came later', async () => {
  const options = { gossip: { heartbeat: 100, seenFor: 200 } }
  const inits: TestPeerInit[] = ['speaker', 'first', 'second'].map((name) => ({ name, react: listen, options }))
  await withPeers(inits, async (speaker, first, second) => {
    const news = rumour(speaker.id, 'again')
    await speaker.host.dial(first.id)
    await polled(() => speaker.host.meshPeers('news').length === 1)
    speaker.perform(publish('news', news))
    await first.heard('gossip')
    await speaker.host.dial(second.id)
    await polled(() => speaker.host.meshPeers('news').length === 2)

    // Said until it is heard: the echo's end is a matter of gossipsub's own heartbeat.
    await polled(() => {
      speaker.perform(publish('news', news))
      return second.inputs.some((input) => input.type === 'gossip')
    })
  })
}, 20_000)
