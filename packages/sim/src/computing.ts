import { type AnyEnvelope, type AnyMessage, assert, type Job, type JobResult, type Millis, type Random } from '@infermesh/kernel'
import { Cargo } from './cargo.ts'
import { KIND } from './event-kind.ts'
import type { Host } from './host.ts'
import type { Peer } from './peer.ts'

/** One result of a job, `after` ms from its start. */
export interface JobStep {
  readonly after: Millis
  readonly result: JobResult
}

export interface JobPlace {
  readonly peer: string
  readonly now: Millis
  readonly random: Random
}

/** Does a job whose results are known when it starts; the last step ends it. Steps are in order of time. */
export type Compute = (job: Job, place: JobPlace) => readonly JobStep[]

/** What an engine tells: results that are ready, and when it wants to be asked again. */
export interface EngineTurn {
  readonly results: readonly { readonly callId: string; readonly result: JobResult; readonly last: boolean }[]
  readonly wakeAt?: Millis
}

/** A peer's own processor, for jobs that share it: batching makes one job's time depend on the others. Made anew at each start. */
export interface Engine {
  start(callId: string, job: Job, now: Millis): EngineTurn
  cancel(callId: string, now: Millis): EngineTurn
  wake(now: Millis): EngineTurn
}

export interface ComputingOptions {
  readonly compute?: Compute
  /** Takes the jobs it returns an engine for; the others go to `compute`. */
  readonly createEngine?: (peer: string) => Engine | undefined
}

interface Result {
  readonly callId: string
  readonly job: object
  readonly result: JobResult
  readonly last: boolean
}

interface Running {
  readonly jobs: Map<string, object>
  readonly engine: Engine | undefined
  readonly life: number
  wakeAt: Millis
}

/** Runs the compute jobs of all peers in virtual time. Jobs die with their process. */
export class Computing<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #options: ComputingOptions
  readonly #running = new Map<Peer<M, E>, Running>()
  readonly #results = new Cargo<Result>()
  readonly #wakes = new Cargo<Running>()

  constructor(host: Host<M, E>, options: ComputingOptions) {
    this.#host = host
    this.#options = options
  }

  start(peer: Peer<M, E>, callId: string, job: Job): void {
    const running = this.#runningOn(peer)
    assert(!running.jobs.has(callId), `${peer.spec.name} used call id ${callId} for two open jobs`)
    const mark = {}
    running.jobs.set(callId, mark)
    const now = Math.floor(this.#host.now)
    if (running.engine !== undefined) {
      this.#take(peer, running, running.engine.start(callId, job, now))
      return
    }
    const { compute } = this.#options
    assert(
      compute !== undefined,
      `${peer.spec.name} asked for a ${job.kind} job, but the world was given neither compute nor an engine for it`,
    )
    const steps = compute(job, { peer: peer.spec.name, now, random: peer.random })
    assert(steps.length > 0, `compute returned no step for a ${job.kind} job of ${peer.spec.name}; expected at least one`)
    steps.forEach((step, index) => {
      this.#push(peer, step.after, { callId, job: mark, result: step.result, last: index === steps.length - 1 })
    })
  }

  cancel(peer: Peer<M, E>, callId: string): void {
    const running = this.#running.get(peer)
    if (running?.jobs.delete(callId) !== true || running.engine === undefined) return
    this.#take(peer, running, running.engine.cancel(callId, Math.floor(this.#host.now)))
  }

  onCrash(peer: Peer<M, E>): void {
    this.#running.delete(peer)
  }

  /** Hands over a result, or (`isWake`) asks the engine whether it has any. */
  onEvent(peer: Peer<M, E>, cargo: number, isWake: boolean): void {
    const running = this.#running.get(peer)
    if (isWake) {
      if (this.#wakes.take(cargo) !== running || running.wakeAt > this.#host.now) return
      running.wakeAt = Infinity
      if (running.engine !== undefined) this.#take(peer, running, running.engine.wake(Math.floor(this.#host.now)))
      return
    }
    const { callId, job, result, last } = this.#results.take(cargo)
    if (running?.jobs.get(callId) !== job) return
    if (last) running.jobs.delete(callId)
    this.#host.deliver(peer, { type: 'computed', callId, result, last })
  }

  #runningOn(peer: Peer<M, E>): Running {
    const known = this.#running.get(peer)
    if (known?.life === peer.life) return known
    const running = { jobs: new Map(), engine: this.#options.createEngine?.(peer.spec.name), life: peer.life, wakeAt: Infinity }
    this.#running.set(peer, running)
    return running
  }

  #take(peer: Peer<M, E>, running: Running, turn: EngineTurn): void {
    for (const { callId, result, last } of turn.results) {
      const job = running.jobs.get(callId)
      if (job !== undefined) this.#push(peer, 0, { callId, job, result, last })
    }
    const wakeAt = turn.wakeAt ?? Infinity
    if (wakeAt === Infinity || wakeAt === running.wakeAt) return
    running.wakeAt = wakeAt
    this.#host.queue.push(Math.max(wakeAt, this.#host.now), KIND.computed, peer.index, this.#wakes.put(running), 1)
  }

  #push(peer: Peer<M, E>, after: Millis, result: Result): void {
    this.#host.queue.push(this.#host.now + after, KIND.computed, peer.index, this.#results.put(result), 0)
  }
}
