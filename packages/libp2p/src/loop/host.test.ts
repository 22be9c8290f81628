import { cancel, clearTimer, compute, emit, forget, request, respond, save, setTimer } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { note } from '../../test/note-codec.ts'
import { introduce, type React, TestPeer, withPeers } from '../../test/peer.ts'
import { MemoryStore, StoreFailed } from '../index.ts'

test('a restarted peer gets what it saved, and nothing that it forgot', async () => {
  const store = new MemoryStore()
  await withPeers([{ name: 'peer', store }], async (peer) => {
    peer.perform(save('kept', new Uint8Array([1])), save('gone', new Uint8Array([2])), forget('gone'))
    await peer.until(() => peer.host.stats().effects === 3, 'effects')
  })

  await withPeers([{ name: 'peer', store }], async (peer) => {
    const [started] = await peer.heard('started')
    expect([...(started?.saved ?? [])]).toEqual([['kept', new Uint8Array([1])]])
  })
})

test('a machine that throws stops its host loudly, and its callers lose it', async () => {
  const react: React = (input) => {
    if (input.type === 'request') throw new Error('invariant broken')
    return []
  }
  await withPeers([{ name: 'asker' }, { name: 'server', react }], async (asker, server) => {
    asker.perform(request({ callId: 'c1', to: server.id, stream: 'ask', message: note('x'), timeout: 5000 }))

    expect((await asker.heard('failed'))[0]?.failure.code).toBe('lost')
    expect((await asker.heard('peerLost'))[0]?.peer).toBe(server.id)
    expect(server.fatal).toMatchObject([{ error: { message: 'invariant broken' }, input: { type: 'request' } }])
  })
})

test('a store that fails stops the peer before the effect that would have revealed it', async () => {
  class FullStore extends MemoryStore {
    override save(): void {
      throw new StoreFailed('disk full')
    }
  }
  await withPeers([{ name: 'peer', store: new FullStore() }], async (peer) => {
    peer.perform(emit({ type: 'before' }), save('key', new Uint8Array(1)), emit({ type: 'after' }))

    await peer.until(() => peer.fatal.length > 0, 'fatal error')
    expect(peer.fatal[0]?.error).toBeInstanceOf(StoreFailed)
    expect(peer.events.map((event) => event.type)).toEqual(['before'])
  })
})

test('setting a timer anew replaces it', async () => {
  await withPeers([{ name: 'peer' }], async (peer) => {
    peer.perform(setTimer('a', 1), setTimer('a', 60), setTimer('b', 30))

    const timers = await peer.heard('timer', 2)
    expect(timers.map((input) => input.key)).toEqual(['b', 'a'])
  })
})

test('a timer that fired but still waits its turn can be cleared, and so can a late answer', async () => {
  await withPeers([{ name: 'peer' }], async (peer) => {
    peer.react = (input) => {
      if (input.type !== 'timer' || input.key !== 'first') return []
      peer.host.inject({ type: 'timer', key: 'a' })
      peer.host.inject({ type: 'timer', key: 'b' })
      peer.host.inject({ type: 'response', callId: 'c1', message: note('late'), last: true })
      return [clearTimer('a'), setTimer('b', 10_000), cancel('c1'), setTimer('last', 0)]
    }
    peer.perform(setTimer('first', 0))

    await peer.until(() => peer.inputs.some((input) => input.type === 'timer' && input.key === 'last'), 'last timer')
    expect(peer.inputs.map((input) => (input.type === 'timer' ? input.key : input.type))).toEqual(['started', 'first', 'last'])
  })
})

test('a job hands back each step; one that breaks hands back a failure', async () => {
  await withPeers([{ name: 'peer' }], async (peer) => {
    peer.perform(compute('j1', { kind: 'count', count: 3 } as { readonly kind: string }), compute('j2', { kind: 'broken' }))

    const results = await peer.heard('computed', 4)
    expect(results.filter((input) => input.callId === 'j1').map((input) => [input.result, input.last])).toEqual([
      [{ ok: true, value: 1 }, false],
      [{ ok: true, value: 2 }, false],
      [{ ok: true, value: 3 }, true],
    ])
    expect(results.find((input) => input.callId === 'j2')).toMatchObject({
      result: { ok: false, code: 'failed', detail: 'the model is broken' },
      last: true,
    })
  })
})

test('a local asker gets the answers in order and may leave early', async () => {
  const react: React = (input) =>
    input.type === 'request' && input.message.text === 'count' ? ['1', '2', '3'].map((n) => respond(input.id, note(n), n === '3')) : []
  await withPeers([{ name: 'peer', react }], async (peer) => {
    const heard: unknown[] = []
    for await (const answer of peer.host.ask('ask', note('count'))) heard.push(answer)
    expect(heard).toEqual([note('1'), note('2'), note('3')])

    const silent = peer.host.ask('ask', note('wait'))
    await peer.heard('request', 2)
    await silent.return?.()
    expect((await peer.heard('cancelled'))[0]?.id).toBe((await peer.heard('request', 2))[1]?.id)
  })
})

test('a local asker learns that the machine is silent, or that the host stops', async () => {
  await withPeers([{ name: 'peer' }], async (peer) => {
    await expect(peer.host.ask('ask', note('x'), { timeout: 30 }).next()).rejects.toMatchObject({ code: 'timeout' })
    await peer.heard('cancelled')

    const waiting = peer.host.ask('ask', note('y')).next()
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'stopped' }), peer.host.stop()])
    await expect(peer.host.ask('ask', note('z')).next()).rejects.toMatchObject({ code: 'stopped' })
  })
})

test('a kept connection is made again after its other end restarts elsewhere', async () => {
  await withPeers(
    [{ name: 'keeper', options: { limits: { redialMin: 20, redialMax: 100 } } }, { name: 'mover' }],
    async (keeper, mover) => {
      await keeper.host.dial(mover.id)
      await mover.host.stop()
      await keeper.heard('peerLost')
      const moved = new TestPeer({ name: 'mover' })
      await moved.host.start()
      introduce([keeper, moved])

      await expect.poll(() => keeper.host.connections()).toEqual([mover.id])
      await moved.host.stop()
    },
  )
})

test('the first try to connect tells its failure, and later ones go on', async () => {
  await withPeers([{ name: 'keeper', options: { limits: { redialMin: 20, redialMax: 50 } } }, { name: 'late' }], async (keeper, late) => {
    const addresses = late.host.addresses()
    keeper.host.know(late.id, [])
    await expect(keeper.host.dial(late.id)).rejects.toThrow('no address')
    keeper.host.know(late.id, addresses)

    await expect.poll(() => keeper.host.connections()).toEqual([late.id])
    await keeper.host.release(late.id)
    await keeper.heard('peerLost')
    expect(keeper.host.connections()).toEqual([])
  })
})
