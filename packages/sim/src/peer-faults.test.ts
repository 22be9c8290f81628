import { emit, request, respond, save, setTimer } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { ascending, type Behaviour, caller, ping, scene, silent, times } from '../test/scene.ts'
import { uniformLatency } from './latency.ts'

test('what a peer sent before it crashed still arrives, and the loss after it', () => {
  const chatty: Behaviour = (input) =>
    input.type === 'request' ? ascending(30).map((number) => respond(input.id, ping(number), false)) : []
  const { world, log } = scene({ a: caller('b', 1), b: chatty }, { latency: uniformLatency(1, 200) })
  world.start()
  world.crash('b', { afterEffects: 30 })

  world.run(5000)

  expect(times(log.a, 'response')).toHaveLength(30)
  expect((log.a ?? []).slice(-2).map(({ input }) => input.type)).toEqual(['failed', 'peerLost'])
})

test('a skewed clock shifts and stretches a machine time, and never goes back', () => {
  const ticking: Behaviour = (input) => (input.type === 'started' || input.type === 'timer' ? [setTimer('tick', 100)] : [])
  const { world, log } = scene({ a: ticking })
  world.start()
  world.run(250)
  world.setClock('a', { offset: 1000, drift: 1 })
  world.run(400)
  world.setClock('a', { offset: -5000 })
  world.run(1000)

  const now = times(log.a, 'timer')
  expect(now.slice(0, 3)).toEqual([100, 200, 1350])
  expect(now.filter((time, index) => index > 0 && time < (now[index - 1] ?? 0))).toEqual([])
})

const saver: Behaviour = (input) =>
  input.type === 'timer'
    ? [save('k', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), setTimer('after', 1)]
    : input.type === 'started'
      ? [setTimer('go', 10)]
      : []

test('nothing happens behind the save that stopped a peer', () => {
  const said: string[] = []
  const speaker: Behaviour = (input) =>
    input.type === 'started'
      ? [
          save('k', Uint8Array.of(1)),
          emit({ type: 'saved' }),
          request({ callId: 'c', to: 'b', stream: 'talk', message: ping(1), timeout: 10 }),
        ]
      : []
  const { world, log } = scene({ a: speaker, b: silent }, { onRecord: ({ event }) => said.push(event.type) })
  world.setDisk('a', { type: 'full' })

  world.start()
  world.run(100)

  expect(said).toEqual(['peerStarted', 'peerCrashed', 'peerStarted'])
  expect(times(log.b, 'request')).toEqual([])
})

test('a full disk stops the peer at its next save, a torn write leaves half', () => {
  const full = scene({ a: saver })
  full.world.start()
  full.world.setDisk('a', { type: 'full' })
  full.world.run(100)
  const torn = scene({ a: saver })
  torn.world.start()
  torn.world.setDisk('a', { type: 'torn' })
  torn.world.run(100)

  expect([full.world.isUp('a'), full.world.store('a').size]).toEqual([false, 0])
  expect([torn.world.isUp('a'), torn.world.store('a').get('k')]).toEqual([false, Uint8Array.of(1, 2, 3, 4)])
})

test('a slow disk holds the effects behind a save and the next inputs', () => {
  const work: Behaviour = (input) =>
    input.type === 'timer' && input.key === 'go'
      ? [save('k', Uint8Array.of(1)), setTimer('after', 0)]
      : input.type === 'started'
        ? [setTimer('go', 10), setTimer('mean', 20)]
        : []
  const { world, log } = scene({ a: work })
  world.start()
  world.setDisk('a', { type: 'slow', by: 50 })
  world.run(500)

  expect((log.a ?? []).flatMap(({ now, input }) => (input.type === 'timer' ? [[now, input.key]] : []))).toEqual([
    [10, 'go'],
    [60, 'mean'],
    [60, 'after'],
  ])
})

test('a lossy disk forgets at a crash what was not synced', () => {
  const numbered: Behaviour = (input) =>
    input.type === 'timer'
      ? [save(input.key, Uint8Array.of(1))]
      : input.type === 'started'
        ? [setTimer('one', 10), setTimer('two', 30)]
        : []
  const { world } = scene({ a: numbered })
  world.start()
  world.setDisk('a', { type: 'lossy' })
  world.run(20)
  world.syncDisk('a')
  world.run(40)
  expect([...world.store('a').keys()]).toEqual(['one', 'two'])
  world.crash('a')

  expect([...world.store('a').keys()]).toEqual(['one'])
})
