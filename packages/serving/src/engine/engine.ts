import { assert } from '@infermesh/kernel'
import { IdleKeeper } from '../idle/idle-keeper.ts'
import type { IdlePolicy } from '../idle/idle-policy.ts'
import type { BlockTable } from '../kv/pool-audit.ts'
import { prefillMs, type StepTime } from '../time/step-time.ts'
import { KvMemory, type MemoryOptions } from './kv-memory.ts'
import { Occupancy, type OccupancySummary } from './occupancy.ts'
import type { EngineEvent, EngineRequest } from './request.ts'
import { Scheduler } from './scheduler.ts'
import { Sequence, sizesFit } from './sequence.ts'
import { SessionGate } from './session-gate.ts'
import { WaitingLine } from './waiting-line.ts'

export interface EngineOptions extends MemoryOptions {
  readonly stepTime: StepTime
  /** Most new tokens in one step, all sequences together. */
  readonly stepTokensMax: number
  /** Most sequences in one step. */
  readonly sequencesMax: number
  /** What happens to the last-come sequence when memory is full. `swap` needs a tier. */
  readonly preemption?: 'recompute' | 'swap'
  /** `program`: turns of earlier sessions first. */
  readonly queue?: 'fcfs' | 'program'
  /** Without one, blocks of idle sessions stay in the pool until reused. */
  readonly idle?: IdlePolicy
  /** A new session starts only while the open contexts fit this share of GPU and tiers. */
  readonly sessionShareMax?: number
  /** Without token events a run costs less; `finished` has the times anyway. */
  readonly tokenEvents?: boolean
  /** Requests waiting, at most; one more is refused. */
  readonly waitingMax?: number
}

/** Counts over the engine's life so far. */
export interface EngineTotals {
  readonly steps: number
  readonly busyMs: number
  readonly evictions: number
  readonly movedBytes: number
  readonly preemptions: number
  readonly recomputedTokens: number
  readonly occupancy: OccupancySummary
}

/**
 * One operator's engine in virtual time: iteration-level batching over paged KV memory. Synchronous; the caller owns the clock:
 * `submit` what arrives, call `advance` no later than `nextEventAt`, and act on the events.
 */
export class Engine {
  readonly #options: EngineOptions
  readonly #memory: KvMemory
  readonly #keeper: IdleKeeper | undefined
  readonly #gate: SessionGate | undefined
  readonly #scheduler: Scheduler
  readonly #occupancy: Occupancy
  /** Submitted, but not before the current step began. */
  #incoming: Sequence[] = []
  readonly #waiting = new WaitingLine()
  readonly #known = new Map<string, Sequence>()
  readonly #sessionOrder = new Map<string, number>()
  #events: EngineEvent[] = []
  #stepEnd = Number.POSITIVE_INFINITY
  #clock = 0
  #latestArrival = 0
  #submitted = 0
  #steps = 0
  #busyMs = 0

  constructor(options: EngineOptions) {
    this.#options = options
    this.#memory = new KvMemory({ computeMs: (tokens, context) => prefillMs(options, tokens, context), ...options })
    this.#keeper = options.idle === undefined ? undefined : new IdleKeeper(options.idle, this.#memory)
    const tokens = (options.blocks + this.#memory.tiers.blocks()) * options.blockTokens
    this.#gate = options.sessionShareMax === undefined ? undefined : new SessionGate(tokens * options.sessionShareMax)
    this.#occupancy = new Occupancy(this.#memory, this.#keeper)
    this.#scheduler = new Scheduler(options, {
      memory: this.#memory,
      waiting: this.#waiting,
      events: (event) => this.#events.push(event),
      finished: (sequence, at) => this.#onFinished(sequence, at),
      ...(this.#keeper === undefined ? {} : { keeper: this.#keeper }),
      ...(this.#gate === undefined ? {} : { gate: this.#gate }),
    })
  }

  /** Hands over a request, in order of arrival. What cannot ever run is refused with the numbers, by an event of the next `advance`. */
  submit(request: EngineRequest, now: number): void {
    assert(!this.#known.has(request.id), `expected a new request id, got ${request.id} again`)
    const refusal = this.#refusal(request)
    if (refusal !== undefined) {
      this.#events.push({ type: 'refused', id: request.id, at: now, reason: refusal })
      return
    }
    const number = this.#submitted++
    const sequence = new Sequence(request, {
      number,
      order: this.#orderOf(request, number),
      arrivedAt: now,
      blockTokens: this.#memory.blockTokens,
    })
    this.#known.set(request.id, sequence)
    assert(now >= this.#latestArrival, `expected requests in order of arrival, got ${now} after ${this.#latestArrival}`)
    this.#latestArrival = now
    this.#incoming.push(sequence)
  }

  /** Withdraws a request; false when it is unknown or done. It produces no further event. */
  cancel(id: string, now: number): boolean {
    const sequence = this.#known.get(id)
    if (sequence === undefined) return false
    this.#known.delete(id)
    if (this.#stepEnd === Number.POSITIVE_INFINITY) this.#clock = Math.max(this.#clock, now)
    this.#waiting.remove(sequence)
    this.#incoming = this.#incoming.filter((other) => other !== sequence)
    this.#scheduler.withdraw(sequence, now)
    return true
  }

  /** No further turn will come, though none was marked as the last: its idle blocks and its place at the gate are given back. */
  endSession(session: string, now: number): void {
    if (this.#stepEnd === Number.POSITIVE_INFINITY) this.#clock = Math.max(this.#clock, now)
    this.#keeper?.tick(now)
    this.#keeper?.end(session)
    this.#gate?.end(session)
    this.#sessionOrder.delete(session)
    this.#scheduler.planAgain()
  }

  /** Runs every step that ends by `now` and starts the next one. Events in the order they happened. */
  advance(now: number): readonly EngineEvent[] {
    for (;;) {
      const idle = this.#stepEnd === Number.POSITIVE_INFINITY
      const at = idle ? this.#wakeAt() : this.#stepEnd
      if (at === undefined || at > now) break
      if (!idle) this.#scheduler.finishStep(at)
      this.#startStep(Math.max(at, this.#clock))
    }
    return this.#drained()
  }

  /** The whole millisecond at which `advance` will have news; `undefined` while only a new request can bring any. */
  nextEventAt(): number | undefined {
    if (this.#events.length > 0) return Math.ceil(this.#clock)
    if (this.#stepEnd !== Number.POSITIVE_INFINITY) return Math.ceil(this.#stepEnd)
    const wakeAt = this.#wakeAt()
    return wakeAt === undefined ? undefined : Math.ceil(Math.max(wakeAt, this.#clock))
  }

  /** Requests in the batch and in the queue: what a router asks for. */
  load(): { readonly running: number; readonly waiting: number; readonly freeBlocks: number } {
    return {
      running: this.#scheduler.running(),
      waiting: this.#waiting.size() + this.#incoming.length,
      freeBlocks: this.#memory.pool.free(),
    }
  }

  /** Leading prompt tokens that the GPU has cached already. Changes nothing. */
  cachedTokens(request: EngineRequest): number {
    const probe = new Sequence(request, { number: 0, order: 0, arrivedAt: 0, blockTokens: this.#memory.blockTokens })
    const blocks = probe.publicBlocks
    let run = 0
    while (run < blocks && this.#memory.pool.find(probe.keyAt(run)) >= 0) run++
    return run * this.#memory.blockTokens
  }

  /** Whether a block of this name is cached, on the GPU or below: with it, all blocks before it, since tails go first. */
  holds(key: number): boolean {
    return this.#memory.pool.find(key) >= 0 || this.#memory.tiers.has(key)
  }

  /** GPU blocks by state at this moment. They add up to the pool. */
  memoryUse(): { readonly active: number; readonly idle: number; readonly free: number } {
    const { pool } = this.#memory
    const active = pool.blocks - pool.free() - (this.#keeper?.blocks() ?? 0)
    return { active, free: pool.empty(), idle: pool.blocks - active - pool.empty() }
  }

  totals(): EngineTotals {
    return {
      steps: this.#steps,
      busyMs: this.#busyMs,
      evictions: this.#memory.pool.evictions(),
      movedBytes: this.#memory.tiers.movedBytes(),
      preemptions: this.#scheduler.preemptions(),
      recomputedTokens: this.#scheduler.recomputedTokens(),
      occupancy: this.#occupancy.summary(),
    }
  }

  /** The pool and every table that names its blocks, for audits. */
  inspect(): { readonly pool: KvMemory['pool']; readonly tables: readonly BlockTable[] } {
    return { pool: this.#memory.pool, tables: [...this.#scheduler.tables(), ...(this.#keeper?.tables() ?? [])] }
  }

  #startStep(at: number): void {
    this.#clock = at
    this.#stepEnd = Number.POSITIVE_INFINITY
    this.#keeper?.tick(at)
    this.#letIn(at)
    const duration = this.#scheduler.plan(at)
    if (duration === undefined) return
    this.#steps++
    this.#busyMs += duration
    this.#stepEnd = at + duration
    this.#occupancy.sample(at, duration)
  }

  #letIn(at: number): void {
    let count = 0
    for (; count < this.#incoming.length && (this.#incoming[count] as Sequence).arrivedAt <= at; count++) {
      const sequence = this.#incoming[count] as Sequence
      const turn = sequence.request.session
      if (turn !== undefined) this.#keeper?.arrived(turn.session, sequence.arrivedAt)
      this.#waiting.add(sequence)
    }
    if (count > 0) this.#incoming.splice(0, count)
  }

  /** When an engine without a step in flight has something to start. */
  #wakeAt(): number | undefined {
    const arrival = this.#incoming[0]?.arrivedAt
    const loaded = this.#scheduler.loadedAt()
    if (this.#scheduler.stale()) return this.#clock
    if (arrival === undefined) return loaded
    return loaded === undefined ? arrival : Math.min(arrival, loaded)
  }

  #onFinished(sequence: Sequence, at: number): void {
    this.#known.delete(sequence.request.id)
    if (sequence.request.session?.last) this.#sessionOrder.delete(sequence.request.session.session)
    this.#events.push({ type: 'finished', id: sequence.request.id, at, cost: sequence.cost() })
  }

  #refusal(request: EngineRequest): string | undefined {
    const { blocks, blockTokens, waitingMax } = this.#options
    const { promptTokens, answerTokens, prefix } = request
    if (promptTokens < 1 || answerTokens < 1)
      return `expected a prompt and an answer of 1 token or more, got ${promptTokens} and ${answerTokens}`
    if (this.#memory.blocksFor(promptTokens + answerTokens) > blocks)
      return `expected at most ${blocks * blockTokens} tokens of prompt and answer (${blocks} blocks of ${blockTokens}), got ${promptTokens} + ${answerTokens}: send less, or give the engine more blocks`
    if (prefix !== undefined && !sizesFit(prefix.blockTokens, blockTokens))
      return `expected prefix blocks that divide into blocks of ${blockTokens} tokens, got ${prefix.blockTokens}: choose another block size`
    if (waitingMax !== undefined && this.load().waiting >= waitingMax)
      return `expected fewer than ${waitingMax} waiting requests, got ${waitingMax}: try another engine`
    return undefined
  }

  #orderOf(request: EngineRequest, number: number): number {
    if (this.#options.queue !== 'program' || request.session === undefined) return number
    const first = this.#sessionOrder.get(request.session.session) ?? number
    this.#sessionOrder.set(request.session.session, first)
    return first
  }

  #drained(): EngineEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }
}
