import { type Effect, emit, type Input, publish, request, respond, save, setTimer, subscribe, type TraceEvent } from '@infermesh/kernel'
import { constantLatency, delay, everyLink, type LinkModel, uniformLatency } from '@infermesh/sim'
import { type StackWorld, serveStack } from '../src/index.ts'
import { identityOf } from './identities.ts'
import { type Note, note, noteCodec, type Rumour, rumour } from './note-codec.ts'

/** Small runs of a mixed world, by name. Peers say what they see in the trace; the result is what only the director knows. */
export type MixedRun = keyof typeof runs

type React = (input: Input<Note, Rumour>) => readonly Effect<Note, Rumour>[]

interface Actor {
  readonly name: string
  readonly react: React
}

interface Run {
  readonly stack: readonly Actor[]
  readonly messages: readonly Actor[]
  readonly latency?: LinkModel
  direct(world: StackWorld): Promise<unknown>
}

const idOf = (name: string): string => identityOf(name).peerId
const said = (what: string): Effect<never, never> => emit({ type: 'said', what } as TraceEvent)

/** Answers each request when it has saved it. */
const answerer = (name: string): Actor => ({
  name,
  react: (input) => {
    if (input.type === 'request') return [said(`got ${input.message.text}`), save('k', new Uint8Array(1)), respond(input.id, note('yes'))]
    return input.type === 'peerLost' ? [said('lost')] : []
  },
})

/** Asks somebody every so many ms, and says what comes of it. */
function asker(name: string, to: string, every: number): Actor {
  let count = 0
  const ask = () => request({ callId: `${++count}`, to: idOf(to), stream: 'ask', message: note(`${count}`), timeout: 60_000 })
  return {
    name,
    react: (input) => {
      if (input.type === 'started') return [setTimer('ask', 1000)]
      if (input.type === 'timer') return [ask(), setTimer('ask', every)]
      if (input.type === 'response') return [said(`${input.callId} ok`)]
      return input.type === 'failed' ? [said(`${input.callId} ${input.failure.code}`)] : input.type === 'peerLost' ? [said('lost')] : []
    },
  }
}

/** Tells the news every so many ms from the third second on, as long as the fifth is not over. */
function herald(name: string, every: number): Actor {
  let count = 0
  return {
    name,
    react: (input) => {
      if (input.type === 'started') return [subscribe('news'), setTimer('tell', 3000)]
      if (input.type !== 'timer') return []
      count++
      const again = count * every < 2000 ? [setTimer('tell', every)] : []
      return [publish('news', rumour(idOf(name), `${name} ${count}`)), ...again]
    },
  }
}

const reader = (name: string): Actor => ({
  name,
  react: (input) => (input.type === 'started' ? [subscribe('news')] : input.type === 'gossip' ? [said(input.envelope.text)] : []),
})

const both = { stack: [answerer('stack-answerer'), asker('stack-asker', 'message-answerer', 1000)] }
const there = { messages: [answerer('message-answerer'), asker('message-asker', 'stack-answerer', 1000)] }
const across = [['message-asker'], ['stack-answerer']] as const

const runs = {
  calls: { ...both, ...there, latency: constantLatency(50), direct: (world) => world.run(4500) },
  slowDisk: {
    ...both,
    ...there,
    latency: constantLatency(50),
    async direct(world) {
      world.setDisk('stack-answerer', { type: 'slow', by: 300 })
      await world.run(2900)
    },
  },
  jam: {
    ...both,
    ...there,
    async direct(world) {
      await world.run(1900)
      const rule = world.partition(across)
      await world.run(5900)
      rule.remove()
      await world.run(8000)
      return rule.counts
    },
  },
  cut: {
    ...both,
    ...there,
    async direct(world) {
      await world.run(1900)
      const rule = world.partition(across, 'cut')
      await world.run(4900)
      rule.remove()
      await world.run(7000)
      return rule.counts
    },
  },
  crash: {
    ...both,
    ...there,
    async direct(world) {
      world.at(2500, () => world.crash('stack-answerer'))
      world.at(2500, () => world.crash('message-answerer'))
      world.at(4500, () => world.start('stack-answerer'))
      world.at(4500, () => world.restart('message-answerer'))
      await world.run(7000)
    },
  },
  planned: {
    ...both,
    ...there,
    async direct(world) {
      // It has told and saved by then, and not answered.
      world.crash('stack-answerer', { afterEffects: 2 })
      await world.run(2500)
      return [world.isUp('stack-answerer'), world.store('stack-answerer').size]
    },
  },
  pause: {
    ...both,
    ...there,
    async direct(world) {
      world.at(1900, () => world.pause('stack-answerer'))
      world.at(1900, () => world.pause('message-answerer'))
      world.at(4900, () => world.resume('stack-answerer'))
      world.at(4900, () => world.resume('message-answerer'))
      await world.run(6000)
    },
  },
  delay: {
    ...both,
    ...there,
    latency: constantLatency(10),
    async direct(world) {
      const delays: (number | undefined)[] = []
      const rule = world.addRule('delay', delay(everyLink, 80), () => true)
      for (const to of ['stack-asker', 'message-asker']) world.probe('stack-answerer', to, (found) => delays.push(found))
      await world.run(500)
      rule.remove()
      world.probe('message-answerer', 'stack-asker', (found) => delays.push(found))
      await world.run(600)
      world.crash('stack-asker')
      world.probe('message-answerer', 'stack-asker', (found) => delays.push(found))
      await world.run(1000)
      return { delays, counts: rule.counts }
    },
  },
  gossip: {
    stack: [herald('stack-herald', 100), reader('stack-reader')],
    messages: [herald('message-herald', 100), reader('message-reader'), reader('far-reader')],
    async direct(world) {
      await world.run(12_000)
      return world.border()
    },
  },
  stackGossip: {
    stack: [herald('stack-herald', 100), reader('stack-reader')],
    messages: [asker('message-asker', 'stack-reader', 1000)],
    async direct(world) {
      await world.run(8000)
      return world.border()
    },
  },
  asks: {
    ...both,
    ...there,
    async direct(world) {
      const heard: string[] = []
      for (const name of ['stack-answerer', 'message-answerer'])
        world.ask(name, { stream: 'ask', message: note('?') }, (answer) => heard.push(`${name} ${answer.type} at ${world.now()}`))
      await world.run(500)
      return heard
    },
  },
  throws: {
    ...both,
    messages: [
      {
        name: 'message-answerer',
        react: (input) => {
          if (input.type === 'request') throw new Error('out of ideas')
          return []
        },
      },
    ],
    direct: (world) => world.run(5000),
  },
} satisfies Record<string, Run>

serveStack<{ readonly run: MixedRun }, unknown>({
  world(plan) {
    const { stack, messages, latency = uniformLatency(5, 40) }: Run = runs[plan.run]
    const names = stack.map(({ name }) => name)
    return {
      latency,
      peers: stack.map(({ name, react }, index) => ({
        ...{ name, identity: identityOf(name), codec: noteCodec, streams: ['ask'], topics: ['news'], dial: names.slice(0, index) },
        createMachine: () => ({ handle: react }),
      })),
      messages: {
        peers: messages.map(({ name, react }) => ({ name, peerId: idOf(name), createMachine: () => ({ handle: react }) })),
        order: [...names, ...messages.map(({ name }) => name)],
        stackTopics: ['news'],
      },
    }
  },
  async direct(world, plan) {
    const run: Run = runs[plan.run]
    world.start()
    const result = await run.direct(world)
    return { result, hash: world.traceHash(), inputs: world.inputHash() }
  },
})
