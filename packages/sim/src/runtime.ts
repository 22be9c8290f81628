import {
  type AnyEnvelope,
  type AnyMessage,
  assert,
  assertNever,
  type Effect,
  type GossipVerdict,
  type Input,
  inputText,
  type PeerId,
  randomFrom,
  type TraceEvent,
  type TraceRecord,
  WORLD,
  type WorldEvent,
} from '@infermesh/kernel'
import { AnnouncedQueue } from './announced-queue.ts'
import type { Bandwidth } from './bandwidth.ts'
import { Cargo } from './cargo.ts'
import { loseUnsynced, type Save, write } from './disk.ts'
import { ADMITTED, KIND, reachesBlockedPeer } from './event-kind.ts'
import { EventQueue } from './event-queue.ts'
import { MachineFailed } from './failures.ts'
import type { Host } from './host.ts'
import { createParts, type Handler, handleOutside, handlersOf, type Parts } from './parts.ts'
import { Peer } from './peer.ts'
import { ProgressGuard } from './progress-guard.ts'
import { SavedValues } from './saved-values.ts'
import { TraceHash } from './trace-hash.ts'
import type { MessageWorldOptions } from './world.ts'

/** A run is stuck when so many events pass at one instant. */
const EVENTS_PER_INSTANT = 1_000_000

interface Action {
  readonly run: () => void
}

/** The loop of a message world: takes events in order, hands inputs to machines and performs their effects. */
export class Runtime<M extends AnyMessage, E extends AnyEnvelope> implements Host<M, E> {
  readonly queue: EventQueue
  readonly peers: Peer<M, E>[]
  readonly peersById: Map<PeerId, Peer<M, E>>
  readonly parts: Parts<M, E>
  readonly traceHash = new TraceHash()
  readonly inputHash = new TraceHash()
  now = 0
  performed = 0
  isStopped = false
  readonly #options: MessageWorldOptions<M, E>
  readonly #handlers: (Handler<M, E> | undefined)[]
  readonly #actions = new Cargo<Action>()
  readonly #saved = new SavedValues()
  readonly #guard: ProgressGuard
  readonly #nameOf = (peer: number): string => this.peers[peer]?.spec.name ?? WORLD
  #records = 0

  constructor(options: MessageWorldOptions<M, E>) {
    const { seed, peers } = options
    const random = randomFrom(seed)
    this.#options = options
    this.queue = options.onScheduled === undefined ? new EventQueue() : new AnnouncedQueue(options.onScheduled)
    this.peers = peers.map((spec, index) => new Peer(index, spec, random.fork(`links of ${spec.name}`)))
    this.peersById = new Map(this.peers.map((peer) => [peer.spec.peerId, peer]))
    this.parts = createParts(this, options, random)
    this.#handlers = handlersOf(this.parts)
    this.#handlers[KIND.diskDone] = (peer, life) => this.#onDiskDone(peer, life)
    this.#guard = new ProgressGuard(options.eventsPerInstantMax ?? Math.max(EVENTS_PER_INSTANT, 200 * peers.length), seed)
  }

  run(until: number): void {
    this.isStopped = false
    while (!this.isStopped && this.queue.pop(until)) this.#next()
    if (!this.isStopped && until !== Infinity && until > this.now) this.now = until
  }

  step(): boolean {
    const isDue = this.queue.pop(Infinity)
    if (isDue) this.#next()
    return isDue
  }

  later(at: number, run: () => void): void {
    this.queue.push(Math.max(at, this.now), KIND.action, -1, this.#actions.put({ run }), 0)
  }

  start(peer: Peer<M, E>): void {
    assert(peer.machine === undefined, `${peer.spec.name} is already up`)
    peer.machine = peer.spec.createMachine()
    peer.starts++
    const { name, peerId, role = '' } = peer.spec
    this.tell({ type: 'peerStarted', name, peerId, role, restarted: peer.starts > 1 })
    this.deliver(peer, { type: 'started', saved: new Map(peer.store) })
  }

  crash(peer: Peer<M, E>, reason: string): void {
    if (peer.machine === undefined) return
    const unread = peer.inbox
    peer.die()
    loseUnsynced(peer)
    this.tell({ type: 'peerCrashed', name: peer.spec.name, reason })
    this.parts.topics.onCrash(peer)
    this.parts.gossip.onCrash(peer)
    this.parts.computing.onCrash(peer)
    this.parts.streams.onCrash(peer)
    for (const event of unread) event()
  }

  resume(peer: Peer<M, E>): void {
    peer.isPaused = false
    this.#drain(peer)
  }

  deliver(peer: Peer<M, E>, input: Input<M, E>): void {
    if (peer.machine === undefined) return
    if (peer.isBlocked()) {
      peer.inbox.push(() => this.deliver(peer, input))
      return
    }
    this.inputHash.addNumber(this.now * 1024)
    this.inputHash.addWord(peer.index)
    this.inputHash.addWord(input.type.charCodeAt(0) | (input.type.charCodeAt(1) << 8))
    this.#perform(peer, this.#handle(peer, input), 0)
  }

  record(peer: string, event: TraceEvent): void {
    if (this.#options.isTraced === false) return
    const record: TraceRecord = { seq: this.#records, at: Math.floor(this.now), peer, event }
    this.#records++
    this.traceHash.add(record)
    this.#options.onRecord?.(record)
  }

  tell(event: WorldEvent): void {
    this.record(WORLD, event)
  }

  #next(): void {
    const { at, kind, peer, a, b } = this.queue
    this.now = at
    this.performed++
    this.#guard.note(at, peer, this.#nameOf)
    if (kind !== KIND.gossip || !this.parts.gossip.isCopy(peer, a, b)) this.#dispatch(kind, peer, a, b)
  }

  judge(peer: Peer<M, E>, topic: string, envelope: E): GossipVerdict {
    try {
      return peer.machine?.validate?.(topic, envelope, peer.clock(this.now)) ?? 'accept'
    } catch (cause) {
      throw this.#failed(peer, `validate on ${topic}`, cause)
    }
  }

  #handle(peer: Peer<M, E>, input: Input<M, E>): readonly Effect<M, E>[] {
    try {
      return peer.machine?.handle(input, peer.clock(this.now)) ?? []
    } catch (cause) {
      throw this.#failed(peer, inputText(input), cause)
    }
  }

  #failed(peer: Peer<M, E>, input: string, cause: unknown): MachineFailed {
    return new MachineFailed({ peer: peer.spec.name, input, at: Math.floor(this.now), seed: this.#options.seed, cause })
  }

  /** Performs effects in order. It ends early when the peer dies, and waits while its disk is busy. */
  #perform(peer: Peer<M, E>, effects: readonly Effect<M, E>[], first: number): void {
    const { life } = peer
    for (let index = first; index < effects.length; index++) {
      const effect = effects[index]
      if (effect === undefined) return
      const busyMs = this.#performOne(peer, effect)
      if (peer.life !== life) return
      peer.effectsLeft--
      if (peer.effectsLeft <= 0) {
        this.crash(peer, 'planned between two effects')
        return
      }
      if (busyMs > 0) {
        peer.waiting = effects.slice(index + 1)
        this.queue.push(this.now + busyMs, KIND.diskDone, peer.index, life, 0)
        return
      }
    }
  }

  /** Performs one effect; the result is how long the disk is busy with it, in ms. */
  #performOne(peer: Peer<M, E>, effect: Effect<M, E>): number {
    switch (effect.type) {
      case 'request':
        this.parts.streams.request(peer, effect)
        return 0
      case 'respond':
        this.parts.streams.respond(peer, effect.requestId, effect.message, effect.last)
        return 0
      case 'cancel':
        this.parts.streams.cancel(peer, effect.callId)
        this.parts.computing.cancel(peer, effect.callId)
        return 0
      case 'publish':
        this.parts.gossip.publish(peer, effect.topic, effect.envelope)
        return 0
      case 'subscribe':
        this.parts.topics.subscribe(peer, effect.topic)
        this.parts.lazy.onSubscribe(peer, effect.topic)
        return 0
      case 'setTimer':
        this.parts.timers.set(peer, effect.key, effect.after)
        return 0
      case 'clearTimer':
        this.parts.timers.clear(peer, effect.key)
        return 0
      case 'save':
      case 'forget':
        return this.#save(peer, effect)
      case 'compute':
        this.parts.computing.start(peer, effect.callId, effect.job)
        return 0
      case 'emit':
        this.record(peer.spec.name, effect.event)
        return 0
      default:
        return assertNever(effect)
    }
  }

  #save(peer: Peer<M, E>, save: Save): number {
    const outcome = write(peer, save, this.#saved)
    if (outcome.type === 'crash') this.crash(peer, outcome.reason)
    return outcome.type === 'slow' ? outcome.by : 0
  }

  #dispatch(flagged: number, index: number, a: number, b: number): void {
    const peer = this.peers[index]
    if (peer === undefined) {
      if (flagged === KIND.action) this.#actions.take(a).run()
      else handleOutside(this.parts, flagged, a)
      return
    }
    const kind = flagged & (ADMITTED - 1)
    const { bandwidth } = this.parts.network
    if (kind === flagged && bandwidth !== undefined && this.#isQueued(bandwidth, kind, { index, a, b })) return
    if (peer.isBlocked() && !reachesBlockedPeer(kind)) peer.inbox.push(() => this.#dispatch(kind | ADMITTED, index, a, b))
    else this.#handlers[kind]?.(peer, a, b)
  }

  /** A message waits at its receiver's downlink until its last byte is in. */
  #isQueued(bandwidth: Bandwidth, kind: number, event: { index: number; a: number; b: number }): boolean {
    const { index, a, b } = event
    if (!(kind >= KIND.call && kind <= KIND.cancelled) && kind !== KIND.connectionLost && kind !== KIND.gossip) return false
    const bytes = kind === KIND.gossip ? (this.parts.messages.at(a)?.bytes ?? 0) : b
    const wait = bandwidth.download(index, bytes, this.now)
    if (wait > 0) this.queue.push(this.now + wait, kind | ADMITTED, index, a, b)
    return wait > 0
  }

  #onDiskDone(peer: Peer<M, E>, life: number): void {
    if (peer.life !== life || peer.waiting === undefined) return
    const rest = peer.waiting
    peer.waiting = undefined
    this.#perform(peer, rest, 0)
    this.#drain(peer)
  }

  /** What waited goes on in order. An event that finds the peer blocked again goes back to the inbox. */
  #drain(peer: Peer<M, E>): void {
    const unread = peer.inbox
    peer.inbox = []
    for (const event of unread) event()
  }
}
