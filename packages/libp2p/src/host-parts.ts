import { assert, type Effect, type Machine, type PeerId } from '@infermesh/kernel'
import { Counters } from './counters.ts'
import { Gossip } from './gossip/gossip.ts'
import { defaultGossip, gossipService } from './gossip/service.ts'
import type { HostContext } from './host-context.ts'
import { defaultLimits } from './host-limits.ts'
import type { HostOptions } from './host-options.ts'
import { Asks } from './loop/ask.ts'
import { EffectLoop } from './loop/effect-loop.ts'
import { JobTable } from './loop/job-table.ts'
import { systemTimers } from './loop/system-timers.ts'
import { TimerTable } from './loop/timer-table.ts'
import { Dialler } from './network/dialler.ts'
import { createNode, type Node } from './network/node.ts'
import { quietLogger } from './network/quiet-logger.ts'
import { Shaping, type ShapingInit } from './shaping/shaping.ts'
import { frameStreamInit } from './streams/frame-stream-init.ts'
import type { OutboundQueue } from './streams/outbound-queue.ts'
import { RequestTable } from './streams/request-table.ts'

/** What exists as soon as there is a host. */
export interface LocalParts {
  readonly context: HostContext
  readonly machine: Machine
  readonly loop: EffectLoop
  readonly requests: RequestTable
  readonly asks: Asks
  readonly timers: TimerTable
  readonly jobs: JobTable
  readonly addresses: Map<PeerId, readonly string[]>
}

export interface LocalPartsInit {
  readonly options: HostOptions
  readonly perform: (effect: Effect) => void
  readonly onFatal: ConstructorParameters<typeof EffectLoop>[0]['onFatal']
  readonly sever: ShapingInit['sever']
}

export function localParts(init: LocalPartsInit): LocalParts {
  const { options } = init
  const timers = options.timers ?? systemTimers
  const limits = { ...defaultLimits, ...options.limits }
  const counters = new Counters(options.emit, timers)
  const clock = options.trueTime ?? { now: options.now, after: timers.after.bind(timers) }
  const machine = options.createMachine()
  const dirty = new Set<OutboundQueue>()
  const loop: EffectLoop = new EffectLoop({
    machine,
    now: options.now,
    timers,
    inputsMax: limits.inputsMax,
    perform: init.perform,
    beforeEffect: options.beforeEffect,
    onFatal: init.onFatal,
    flush() {
      for (const queue of dirty) queue.flush()
      dirty.clear()
    },
    onStep(effects) {
      counters.inputs++
      counters.effects += effects
    },
  })
  const context: HostContext = {
    self: options.identity.peerId,
    codec: options.codec,
    limits,
    now: options.now,
    timers,
    counters,
    shaping: new Shaping({ self: options.identity.peerId, random: options.random.fork('links'), clock, sever: init.sever }),
    inputs: loop,
    schedule: (queue) => (loop.isIdle() ? queue.flush() : dirty.add(queue)),
  }
  const requests = new RequestTable(context)
  return {
    context,
    machine,
    loop,
    requests,
    asks: new Asks(context, requests),
    timers: new TimerTable(context, (key) => loop.push({ type: 'timer', key })),
    jobs: new JobTable({
      compute: options.compute,
      jobsMax: limits.jobsMax,
      onResult: (callId, result, last) => loop.push({ type: 'computed', callId, result, last }),
    }),
    addresses: new Map(),
  }
}

/** What exists from `start` on. */
export interface NetworkParts {
  readonly node: Node
  readonly dialler: Dialler
  readonly gossip: Gossip
}

/** The node is made, not started. */
export async function networkParts(options: HostOptions, local: LocalParts): Promise<NetworkParts> {
  const { context, machine } = local
  const { limits, shaping, timers, counters } = context
  const gossipOptions = { ...defaultGossip, ...options.gossip }
  assert(
    gossipOptions.degreeLow >= 2 && gossipOptions.degreeLow <= gossipOptions.degree && gossipOptions.degree <= gossipOptions.degreeHigh,
    'the mesh degrees must be 2 or more and in order: low, degree, high',
  )
  const gossip = gossipService({
    topics: options.topics,
    options: gossipOptions,
    envelopeBytesMax: limits.envelopeBytesMax,
    shaping: {
      queueInit: (peer) => frameStreamInit(context, peer),
      onOverflow: () => counters.drop('gossip-out'),
      admit: (bytes, take) => shaping.down.admit(bytes, take),
    },
  })
  const logger = options.logger ?? quietLogger
  const node = await createNode({ identity: options.identity, link: options.link, listen: options.listen, limits, shaping, gossip, logger })
  const addressesOf = (peer: PeerId) => local.addresses.get(peer) ?? options.lookUp?.(peer) ?? []
  const dialler = new Dialler({ node, addressesOf, limits, random: options.random.fork('redial'), timers, shaping })
  // A cut or a jam that ends need not wait for the next try.
  shaping.watch(() => dialler.retryAll())
  return {
    node,
    dialler,
    gossip: new Gossip({ context, machine, topics: options.topics, options: gossipOptions, onMesh: options.onMesh }, node.services.gossip),
  }
}
