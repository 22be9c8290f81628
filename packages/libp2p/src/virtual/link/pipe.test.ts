import { randomFrom } from '@infermesh/kernel'
import { delay, everyLink, jam, type LinkModel, loss, oneWay, uniformLatency } from '@infermesh/sim'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf } from '../../../test/identities.ts'
import { Owner } from '../clock/owner.ts'
import { VirtualClock } from '../clock/virtual-clock.ts'
import { type Lane, Pipe, type PipeEnd } from './pipe.ts'
import { Station } from './station.ts'
import { VirtualNetwork } from './virtual-network.ts'

function link(latency: LinkModel, seed = 1) {
  const clock = new VirtualClock(randomFrom(seed))
  const network = new VirtualNetwork({ clock, latency, random: randomFrom(seed), keepAliveMs: 1000, dialRoundTrips: 1, queueBytes: 1000 })
  const side = (name: string, index: number) => {
    const station = new Station({ index, name, peerId: identityOf(name).peerId, random: randomFrom(name) })
    const owner = new Owner({ name, index, random: randomFrom(name) })
    station.owner = owner
    network.add(station)
    return { station, owner }
  }
  const pipe = new Pipe(network, side('alice', 0), side('bob', 1))
  const heard: string[] = []
  const listen = (end: PipeEnd) => {
    end.listener = {
      closedByRemote: () => heard.push(`${end.station.name} closed ${clock.now}`),
      resetByRemote: () => heard.push(`${end.station.name} reset ${clock.now}`),
      roomAgain: () => heard.push(`${end.station.name} room ${clock.now}`),
    }
  }
  listen(pipe.dialer)
  listen(pipe.listener)
  const send = (text: string, lane: Lane, bytes = 100) =>
    pipe.dialer.send({ bytes, deliver: () => heard.push(`${text} ${Math.round(clock.now)}`) }, lane)
  return { clock, network, pipe, heard, send }
}

const lane = (): Lane => ({ lastArrival: 0 })
const constant = (ms: number): LinkModel => ({ delay: () => ms })
const textOf = (heard: readonly string[]) => heard.map((line) => line.split(' ')[0])

test('a lane keeps its order whatever the delays and losses, and other lanes may overtake it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1 }), fc.integer({ min: 2, max: 30 }), async (seed, count) => {
      const { clock, network, heard, send } = link(uniformLatency(1, 200), seed)
      network.rules.add('loss', loss(everyLink, 0.3))
      const one = lane()
      for (let index = 0; index < count; index++) clock.at(index, () => send(`${index}`, one))
      await clock.run(60_000)

      expect(textOf(heard)).toEqual(Array.from({ length: count }, (_, index) => `${index}`))
    }),
    { numRuns: 20 },
  )
  const { clock, network, heard, send } = link(constant(10))
  network.rules.add('slow first', (transit) => (transit.bytes === 1 ? { type: 'delay', by: 50 } : 'pass'))
  send('first', lane(), 1)
  send('second', lane())
  await clock.run(1000)

  expect(heard).toEqual(['second 10', 'first 60'])
})

test('a jam holds frames back in order until the rule goes', async () => {
  const { clock, network, heard, send } = link(constant(10))
  const rule = network.rules.add('jam', jam(oneWay(['alice'], ['bob'])))
  const one = lane()
  for (const text of ['a', 'b', 'c']) send(text, one)
  clock.at(500, () => rule.remove())
  await clock.run(5000)

  expect(heard).toEqual(['a 510', 'b 510', 'c 510'])
})

test('a connection that is jammed for longer than the keep-alive time breaks for both ends', async () => {
  const { clock, network, heard, send } = link(constant(10))
  network.rules.add('jam', jam(oneWay(['alice'], ['bob'])))
  send('never', lane())
  await clock.run(5000)

  expect(heard).toEqual(['alice reset 1010', 'bob reset 1010'])
})

test('a close comes after all that was sent before it, on whatever lane', async () => {
  const { clock, network, pipe, heard, send } = link(constant(10))
  const rule = network.rules.add('delay', delay(everyLink, 300))
  send('slow', lane())
  rule.remove()
  send('quick', lane())
  pipe.end(pipe.dialer, 'closed')
  await clock.run(1000)

  expect(heard).toEqual(['quick 10', 'slow 310', 'bob closed 310'])
})

test('what exceeds the line’s rate waits its turn, and the sender hears when there is room again', async () => {
  const { clock, pipe, heard, send } = link(constant(10))
  pipe.dialer.station.up.setRate(1)
  const one = lane()
  const room = Array.from({ length: 13 }, (_, index) => send(`${index}`, one))
  await clock.run(5000)

  expect(room.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => true))
  expect(room.slice(10)).toEqual([false, false, false])
  expect(heard.filter((line) => line.includes('room'))).toEqual(['alice room 300'])
  expect(heard.slice(-1)).toEqual(['12 1310'])
})
