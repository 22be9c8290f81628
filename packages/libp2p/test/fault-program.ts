import { type Effect, emit, type Input, publish, request, respond, save, setTimer, subscribe, type TraceEvent } from '@infermesh/kernel'
import { connectionLoss, delay, duplicate, everyLink, jam, lognormalLatency, loss, oneWay, reorder } from '@infermesh/sim'
import { realityReached, type StackPeer, type StackWorld, type StackWorldOptions, type Stage, serveStack } from '../src/index.ts'
import { identityOf } from './identities.ts'
import { type Note, note, noteCodec, type Rumour, rumour } from './note-codec.ts'

/** Small runs under faults, by name. What the peers see is in the trace; the result is what only the director knows. */
export type FaultRun = keyof typeof runs

type React = (input: Input<Note, Rumour>) => readonly Effect<Note, Rumour>[]

interface Run {
  readonly peers: readonly StackPeer[]
  readonly options?: Partial<StackWorldOptions>
  direct(world: StackWorld, stage: Stage): Promise<unknown>
}

const idOf = (name: string): string => identityOf(name).peerId
const said = (what: string): Effect<never, never> => emit({ type: 'said', what } as TraceEvent)
const ask = (to: string, callId: string): Effect<Note, Rumour> =>
  request({ callId, to: idOf(to), stream: 'ask', message: note(callId), timeout: 60_000 })

function peer(name: string, react: React, dial: readonly string[] = []): StackPeer {
  return {
    name,
    identity: identityOf(name),
    codec: noteCodec,
    streams: ['ask', 'tell'],
    topics: ['news'],
    dial,
    createMachine: () => ({ handle: react }),
  }
}

/** Answers requests, and says what it hears. */
const bob = peer('bob', (input) => {
  if (input.type === 'started') return [subscribe('news')]
  if (input.type === 'request') return [said(input.message.text), respond(input.id, note('yes'))]
  return input.type === 'gossip' ? [said(input.envelope.text)] : input.type === 'peerLost' ? [said('lost')] : []
})

/** Asks bob every so many ms, and says what comes of it. */
const alice = (every: number): StackPeer => {
  let count = 0
  const react: React = (input) => {
    if (input.type === 'started') return [setTimer('ask', 1000)]
    if (input.type === 'timer') return [ask('bob', `${++count}`), setTimer('ask', every)]
    if (input.type === 'response') return [said(`${input.callId} ok`)]
    return input.type === 'failed' ? [said(`${input.callId} ${input.failure.code}`)] : input.type === 'peerLost' ? [said('lost')] : []
  }
  return peer('alice', react, ['bob'])
}

/** Tells the news every so many ms. */
const herald = (every: number): StackPeer => {
  let count = 0
  const react: React = (input) => {
    if (input.type === 'started') return [subscribe('news'), setTimer('tell', 3000)]
    return input.type === 'timer' ? [publish('news', rumour(idOf('alice'), `${++count}`)), setTimer('tell', every)] : []
  }
  return peer('alice', react, ['bob'])
}

const runs = {
  quiet: { peers: [alice(100), bob], direct: (world) => world.run(2000) },
  jam: {
    peers: [alice(100), bob],
    async direct(world) {
      await world.run(1500)
      const rule = world.addRule('jam', jam(oneWay(['alice'], ['bob'])))
      await world.run(3000)
      rule.remove()
      await world.run(4000)
      return rule.counts
    },
  },
  silence: {
    peers: [alice(100), bob],
    options: { keepAliveMs: 5000 },
    async direct(world) {
      await world.run(1500)
      world.partition([['alice'], ['bob']])
      await world.run(8000)
      const severed = world.host('bob')?.connections().length
      world.heal()
      await world.run(12_000)
      return { severed, healed: world.host('bob')?.connections().length }
    },
  },
  cut: {
    peers: [alice(100), bob],
    async direct(world) {
      await world.run(1500)
      const rule = world.partition([['alice'], ['bob']], 'cut')
      await world.run(3000)
      rule.remove()
      await world.run(6000)
      return rule.counts
    },
  },
  delay: {
    peers: [alice(100), bob],
    async direct(world) {
      const delays: (number | undefined)[] = []
      world.probe('alice', 'bob', (found) => delays.push(found))
      world.addRule('delay', delay(everyLink, 80))
      world.probe('alice', 'bob', (found) => delays.push(found))
      await world.run(3000)
      return delays
    },
  },
  loss: {
    peers: [alice(50), bob],
    async direct(world) {
      const rule = world.addRule('loss', loss(everyLink, 0.2))
      await world.run(10_000)
      return rule.counts
    },
  },
  flaky: {
    peers: [alice(50), bob],
    async direct(world) {
      await world.run(1000)
      const rule = world.addRule('flaky', connectionLoss(everyLink, 0.02))
      await world.run(20_000)
      world.heal()
      await world.run(25_000)
      return rule.counts
    },
  },
  gossipLoss: {
    peers: [herald(20), bob],
    options: { gossip: { floodPublish: true } },
    async direct(world) {
      await world.run(2500)
      // Hints are lost with the messages, or they would bring back what was lost.
      const rule = world.addRule('loss', loss(everyLink, 0.3))
      await world.run(6000)
      return rule.counts
    },
  },
  gossipReorder: {
    peers: [herald(20), bob],
    async direct(world) {
      await world.run(2500)
      world.addRule('reorder', reorder(everyLink, 0.3, 100))
      world.addRule('duplicate', duplicate(everyLink, 0.3, 50))
      await world.run(6000)
      return world.host('bob')?.stats().gossipDelivered
    },
  },
  bandwidth: {
    peers: [alice(1000), bob],
    // The first request is 18 bytes and its stream 12 more: 300 ms each way at 0.1 bytes a ms.
    options: { bandwidth: { rate: () => ({ up: 0.1, down: Infinity }), queueBytes: 1000 } },
    direct: (world) => world.run(6000),
  },
  clock: {
    peers: [peer('alice', (input) => (input.type === 'gossip' ? [] : [said(input.type), setTimer('tick', 1000)]))],
    async direct(world) {
      await world.run(2500)
      world.setClock('alice', { offset: -5000, drift: 1 })
      await world.run(6000)
    },
  },
  slowDisk: {
    peers: [peer('alice', (input) => (input.type === 'started' ? [said('before'), save('k', new Uint8Array(1)), said('after')] : []))],
    async direct(world) {
      world.setDisk('alice', { type: 'slow', by: 700 })
      world.start()
      await world.run(2000)
    },
  },
  lossyDisk: {
    peers: [
      peer('alice', (input) => {
        if (input.type === 'started') return [said(`kept ${input.saved.size}`), save('a', new Uint8Array(1)), setTimer('b', 1000)]
        return input.type === 'timer' ? [save('b', new Uint8Array(1))] : []
      }),
    ],
    async direct(world) {
      world.setDisk('alice', { type: 'lossy' })
      world.at(500, () => world.syncDisk('alice'))
      world.at(2000, () => world.restart('alice'))
      world.at(2500, () => world.setDisk('alice', { type: 'full' }))
      await world.run(5000)
      return world.isUp('alice')
    },
  },
  localAsk: {
    peers: [
      peer('alice', (input) => (input.type === 'request' ? [respond(input.id, note('one'), false), respond(input.id, note('two'))] : [])),
      peer('mute', () => []),
    ],
    async direct(world) {
      const heard: string[] = []
      const hear = (name: string, timeout: number) =>
        world.ask(name, { stream: 'ask', message: note('?'), timeout }, (answer) =>
          heard.push(
            answer.type === 'failed' ? `${name} ${answer.failure.code}` : `${answer.message.type} ${answer.last} at ${world.now()}`,
          ),
        )
      hear('alice', 1000)
      hear('mute', 1000)
      await world.run(2000)
      hear('mute', 9000)
      world.at(2500, () => world.crash('mute'))
      await world.run(3000)
      hear('mute', 9000)
      await world.run(4000)
      return heard
    },
  },
  endless: {
    peers: [alice(100), bob],
    async direct(world, stage) {
      while (!stage.isAborted()) {
        await world.run(world.now() + 1000)
        if (!(await stage.checkpoint())) break
      }
      return stage.isAborted() ? 'aborted' : world.now()
    },
  },
  throws: {
    peers: [
      peer('alice', (input) => {
        if (input.type === 'timer') throw new Error('out of ideas')
        return [setTimer('soon', 1234)]
      }),
    ],
    direct: (world) => world.run(5000),
  },
  spins: {
    peers: [peer('alice', () => [setTimer('now', 0)]), bob],
    options: { eventsPerInstantMax: 5000 },
    direct: (world) => world.run(5000),
  },
  traps: {
    peers: [],
    async direct() {
      const { setTimeout: sleep } = await import('node:timers/promises')
      const caught: string[] = []
      const attempts: readonly (() => unknown)[] = [
        () => sleep(1),
        () => fetch('http://localhost'),
        () => globalThis.crypto.subtle.generateKey('Ed25519', true, ['sign']),
        () => process.uptime(),
        () => new BroadcastChannel('x').postMessage('y'),
      ]
      for (const attempt of attempts) {
        try {
          attempt()
        } catch (error) {
          caught.push(error instanceof Error ? error.name : '')
        }
      }
      return { caught, reached: realityReached() }
    },
  },
  ambient: {
    peers: [],
    async direct(world) {
      const { randomBytes, randomUUID } = await import('node:crypto')
      const { setTimeout: later } = await import('node:timers')
      const draw = () => [
        Math.random(),
        randomBytes(4).toString('hex'),
        randomUUID(),
        crypto.randomUUID(),
        crypto.getRandomValues(new Uint8Array(2)).join(),
      ]
      const times: number[] = []
      later(() => times.push(Date.now(), performance.now(), Number(process.hrtime.bigint()), new Date(Date()).getFullYear()), 250)
      AbortSignal.timeout(300).addEventListener('abort', () => times.push(world.now()))
      await world.run(1000)
      return { draws: draw(), times }
    },
  },
  native: {
    peers: [],
    async direct(world) {
      let digested = -1
      world.at(100, () => void crypto.subtle.digest('SHA-256', new Uint8Array(5_000_000)).then(() => (digested = world.now())))
      await world.run(1000)
      return digested
    },
  },
} satisfies Record<string, Run>

serveStack<{ readonly run: FaultRun }, unknown>({
  world(plan) {
    const run: Run = runs[plan.run]
    return { latency: lognormalLatency({ median: 20, p99: 60, seed: plan.run }), ...run.options, peers: run.peers }
  },
  async direct(world, plan, stage) {
    const run: Run = runs[plan.run]
    if (plan.run !== 'slowDisk') world.start()
    return await run.direct(world, stage)
  },
})
