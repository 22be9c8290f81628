import { cancel, type Failure, type Millis, type PeerId, request, respond } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { cut, jam } from '../../test/link-faults.ts'
import { GARBLED, note } from '../../test/note-codec.ts'
import { type React, type TestPeer, withPeers } from '../../test/peer.ts'

test('a request reaches the other machine and its answer comes back', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    asker.perform(ask('c1', server.id))

    const [answer] = await asker.heard('response')
    expect(answer).toEqual({ type: 'response', callId: 'c1', message: note('hello'), last: true })
    const [asked] = await server.heard('request')
    expect(asked).toMatchObject({ from: asker.id, stream: 'ask', message: note('hello') })
  })
})

test('a stream of answers arrives whole and in order, beside other calls', async () => {
  await withPeers([{ name: 'asker' }, { name: 'talker', react: talk(500) }], async (asker, server) => {
    asker.perform(ask('c1', server.id), ask('c2', server.id), ask('c3', server.id, 'x', { stream: 'tell' }))

    const answers = await asker.heard('response', 1500)
    for (const callId of ['c1', 'c2', 'c3']) {
      const mine = answers.filter((answer) => answer.callId === callId)
      expect(mine.map((answer) => answer.message.text)).toEqual(Array.from({ length: 500 }, (_, index) => `${index}`))
      expect(mine.map((answer) => answer.last).indexOf(true)).toBe(499)
    }
  })
})

test('requests on one stream keep their order, the first ones sent while the connection was being made', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`)
    for (const text of texts) asker.perform(ask(`c${text}`, server.id, text))

    const asked = await server.heard('request', 300)
    expect(asked.map((input) => input.message.text)).toEqual(texts)
    expect(asker.host.stats().connections).toBe(1)
  })
})

test('a cancelled call tells the other machine, and later answers are dropped', async () => {
  await withPeers([{ name: 'asker' }, { name: 'server' }], async (asker, server) => {
    asker.perform(ask('c1', server.id))
    const [asked] = await server.heard('request')
    asker.perform(cancel('c1'))

    const [cancelled] = await server.heard('cancelled')
    expect(cancelled?.id).toBe(asked?.id)
    server.perform(respond(String(asked?.id), note('late')))
    asker.perform(ask('c2', server.id, 'again'))
    const [, again] = await server.heard('request', 2)
    server.perform(respond(String(again?.id), note('in time')))
    const answers = await asker.heard('response')
    expect(answers.map((answer) => answer.callId)).toEqual(['c2'])
  })
})

test('a call cancelled before it left is never sent', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    asker.perform(ask('c1', server.id, 'never'), cancel('c1'), ask('c2', server.id, 'sent'))

    await asker.heard('response')
    expect((await server.heard('request')).map((input) => input.message.text)).toEqual(['sent'])
    expect(server.inputs.map((input) => input.type)).not.toContain('cancelled')
  })
})

test('when the connection breaks, open calls are lost, the serving side is told, and then both lose the peer', async () => {
  await withPeers([{ name: 'asker' }, { name: 'server' }], async (asker, server) => {
    asker.perform(ask('c1', server.id), ask('c2', server.id, 'x', { stream: 'tell' }))
    await server.heard('request', 2)
    cut(asker, server)
    asker.perform(ask('c3', server.id))

    expect(codes(await asker.heard('failed', 3))).toEqual(['lost', 'lost', 'lost'])
    expect((await asker.heard('peerLost'))[0]?.peer).toBe(server.id)
    await server.heard('cancelled', 2)
    expect((await server.heard('peerLost'))[0]?.peer).toBe(asker.id)
    for (const peer of [asker, server]) expect(peer.inputs.at(-1)?.type).toBe('peerLost')
    expect([asker.host.stats().callsOpen, server.host.stats().requestsOpen]).toEqual([0, 0])
  })
})

test('a peer to which connections are cut is unreachable, and can be reached again once they are not', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    const broken = cut(asker, server)
    asker.perform(ask('c1', server.id))
    expect(codes(await asker.heard('failed'))).toEqual(['unreachable'])

    broken.remove()
    asker.perform(ask('c2', server.id))
    expect((await asker.heard('response'))[0]?.callId).toBe('c2')
  })
})

test('a peer without a known address, or where nobody listens, is unreachable', async () => {
  await withPeers([{ name: 'asker' }, { name: 'gone' }], async (asker, gone) => {
    await gone.host.stop()
    asker.perform(ask('c1', gone.id))
    asker.perform(ask('c2', STRANGER))

    expect(codes(await asker.heard('failed', 2))).toEqual(['unreachable', 'unreachable'])
  })
})

test('silence longer than the timeout fails a call, and each answer starts the clock anew', async () => {
  await withPeers([{ name: 'asker' }, { name: 'server' }], async (asker, server) => {
    asker.perform(ask('c0', server.id, 'warm up'))
    const [first] = await server.heard('request')
    server.perform(respond(String(first?.id), note('warm')))
    await asker.heard('response')
    asker.perform(ask('c1', server.id, 'x', { timeout: 300 }))
    const [, asked] = await server.heard('request', 2)

    const sent = performance.now()
    for (const pause of [200, 400]) {
      await after(server, pause - (performance.now() - sent))
      server.perform(respond(String(asked?.id), note('still here'), false))
    }
    const [failed] = await asker.heard('failed')

    expect(failed?.failure.code).toBe('timeout')
    expect(performance.now() - sent).toBeGreaterThan(650)
    expect((await server.heard('cancelled'))[0]?.id).toBe(asked?.id)
  })
})

test('an answer that does not decode is invalid, and so is a request that the other side cannot decode', async () => {
  await withPeers([{ name: 'asker' }, { name: 'server', react: garble }], async (asker, server) => {
    asker.perform(ask('c1', server.id, 'fine'), ask('c2', server.id, GARBLED))

    const failures = await asker.heard('failed', 2)
    expect(codes(failures)).toEqual(['invalid', 'invalid'])
    expect(server.inputs.filter((input) => input.type === 'request')).toHaveLength(1)
  })
})

test('more calls than the limit overflow at the caller; more requests than the limit overflow at the server', async () => {
  const few = { options: { limits: { openCallsMax: 2 } } }
  await withPeers([{ name: 'asker', ...few }, { name: 'greedy' }, { name: 'server', ...few }], async (asker, greedy, server) => {
    asker.perform(...['c1', 'c2', 'c3'].map((id) => ask(id, greedy.id)))
    expect(codes(await asker.heard('failed'))).toEqual(['overflow'])
    await greedy.heard('request', 2)

    greedy.perform(...['c1', 'c2', 'c3'].map((id) => ask(id, server.id)))
    const [refused] = await greedy.heard('failed')
    expect(refused).toMatchObject({ callId: 'c3', failure: { code: 'overflow' } })
    await server.heard('request', 2)
    await server.until(() => server.events.some((event) => event.type === 'dropped'), 'dropped event')
    expect(server.host.stats().dropped).toEqual({ requests: 1 })
  })
})

test('what does not fit in the bounded queue of a jammed peer overflows, and nothing else of that peer does', async () => {
  const small = { options: { limits: { queuedBytesMax: 2000 } } }
  await withPeers(
    [
      { name: 'asker', ...small },
      { name: 'echo', react: echo },
    ],
    async (asker, server) => {
      await asker.host.dial(server.id)
      const jammed = jam(asker, server)
      const long = 'x'.repeat(900)
      asker.perform(ask('c1', server.id, long), ask('c2', server.id, long), ask('c3', server.id, long))
      const [failed] = await asker.heard('failed')
      expect(failed).toMatchObject({ callId: 'c3', failure: { code: 'overflow' } })

      jammed.remove()
      expect((await asker.heard('response', 2)).map((answer) => answer.callId)).toEqual(['c1', 'c2'])
      expect(asker.host.stats().bytesQueued).toBe(0)
    },
  )
})

test('an answer that finds no room ends its call with overflow on both sides', async () => {
  const small = { options: { limits: { queuedBytesMax: 2000 } } }
  await withPeers([{ name: 'asker' }, { name: 'server', ...small }], async (asker, server) => {
    asker.perform(ask('c1', server.id))
    const [asked] = await server.heard('request')
    const jammed = jam(server, asker)
    for (let index = 0; index < 3; index++) server.perform(respond(String(asked?.id), note('x'.repeat(900)), false))
    await server.heard('cancelled')
    jammed.remove()

    expect(codes(await asker.heard('failed'))).toEqual(['overflow'])
    expect(asker.inputs.filter((input) => input.type === 'response')).toHaveLength(2)
  })
})

test('a message longer than the limit is refused at the sender, and the stream goes on', async () => {
  await withPeers(
    [
      { name: 'asker', options: { limits: { messageBytesMax: 1000 } } },
      { name: 'echo', react: echo },
    ],
    async (asker, server) => {
      asker.perform(ask('c1', server.id, 'x'.repeat(1001)), ask('c2', server.id, 'x'.repeat(1000)))

      expect(codes(await asker.heard('failed'))).toEqual(['overflow'])
      expect((await asker.heard('response'))[0]?.callId).toBe('c2')
    },
  )
})

test('a frame longer than the receiver takes ends the stream, and the next one works', async () => {
  const strict = { react: echo, options: { limits: { messageBytesMax: 1000 } } }
  await withPeers([{ name: 'asker' }, { name: 'strict', ...strict }], async (asker, server) => {
    asker.perform(ask('c1', server.id, 'x'.repeat(1100)))
    expect(codes(await asker.heard('failed'))).toEqual(['lost'])

    asker.perform(ask('c2', server.id))
    expect((await asker.heard('response'))[0]?.callId).toBe('c2')
    expect(asker.inputs.some((input) => input.type === 'peerLost')).toBe(false)
  })
})

test('an asker that floods and never reads is cut off, and costs bounded memory', async () => {
  const few = { options: { limits: { openCallsMax: 1, queuedFramesMax: 20 } } }
  await withPeers([{ name: 'flooder' }, { name: 'server', ...few }], async (flooder, server) => {
    flooder.perform(ask('c', server.id))
    await server.heard('request')
    jam(server, flooder)
    flooder.perform(...range(60).map((n) => ask(`c${n}`, server.id)))

    expect(new Set(codes(await flooder.heard('failed', 61)))).toEqual(new Set(['lost']))
    await server.heard('cancelled')
    expect(server.host.stats().requestsOpen).toBe(0)
  })
})

test('a megabyte passes in both directions', async () => {
  await withPeers([{ name: 'asker' }, { name: 'echo', react: echo }], async (asker, server) => {
    const texts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(1_000_000))
    asker.perform(...texts.map((text, index) => ask(`c${index}`, server.id, text)))

    const answers = await asker.heard('response', 8)
    expect(answers.map((answer) => answer.message.text)).toEqual(texts)
  })
})

test('a peer can ask itself, without a network', async () => {
  await withPeers([{ name: 'hermit', react: echo }], async (hermit) => {
    hermit.perform(ask('c1', hermit.id))

    expect((await hermit.heard('response'))[0]?.message).toEqual(note('hello'))
    expect((await hermit.heard('request'))[0]?.from).toBe(hermit.id)
    expect(hermit.host.stats().framesSent).toBe(0)
  })
})

test('request ids of two askers never meet: each answer goes to the one who asked', async () => {
  await withPeers([{ name: 'asker' }, { name: 'other' }, { name: 'echo', react: echo }], async (asker, other, server) => {
    asker.perform(...range(50).map((n) => ask(`c${n}`, server.id, `asker ${n}`)))
    other.perform(...range(50).map((n) => ask(`c${n}`, server.id, `other ${n}`)))

    for (const peer of [asker, other]) {
      const answers = await peer.heard('response', 50)
      expect(answers.map((answer) => answer.message.text)).toEqual(range(50).map((n) => `${peer.name} ${n}`))
    }
    const ids = (await server.heard('request', 100)).map((input) => input.id)
    expect(new Set(ids).size).toBe(100)
  })
})

const ask = (callId: string, to: PeerId, text = 'hello', more: { readonly stream?: string; readonly timeout?: Millis } = {}) =>
  request({ callId, to, stream: 'ask', message: note(text), timeout: 5000, ...more })

const echo: React = (input) => (input.type === 'request' ? [respond(input.id, input.message)] : [])

const talk =
  (count: number): React =>
  (input) =>
    input.type === 'request' ? range(count).map((n) => respond(input.id, note(`${n}`), n === count - 1)) : []

const garble: React = (input) => (input.type === 'request' ? [respond(input.id, note(GARBLED))] : [])

const range = (count: number) => Array.from({ length: count }, (_, index) => index)
const codes = (inputs: readonly { readonly failure: Failure }[]) => inputs.map((input) => input.failure.code)

/** Lets a machine's own timer pass: the test is about time. */
async function after(peer: TestPeer, delay: Millis): Promise<void> {
  const key = `${performance.now()}`
  peer.perform({ type: 'setTimer', key, after: Math.max(Math.ceil(delay), 0) })
  await peer.until(() => peer.inputs.some((input) => input.type === 'timer' && input.key === key), 'timer')
}

const STRANGER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
