import { assert, type Job, type JobResult, type Random } from '@infermesh/kernel'
import type { ComputingOptions, Engine, EngineTurn } from '@infermesh/sim'
import { type Pushable, pushable } from 'it-pushable'
import type { Compute, ComputeStep } from '../host-options.ts'
import type { Owner } from './clock/owner.ts'
import type { VirtualClock } from './clock/virtual-clock.ts'

export interface ModelledWorkInit {
  readonly clock: VirtualClock
  readonly peer: string
  readonly random: Random
  readonly options: WorkOptions
}

export interface WorkOptions extends ComputingOptions {
  /** Really does the jobs that no engine takes, instead of `compute`. Virtual time stands still meanwhile. */
  readonly work?: Compute
}

/** Does the compute jobs of one life of one peer. */
export class ModelledWork {
  readonly #init: ModelledWorkInit
  readonly #engine: Engine | undefined
  readonly #running = new Map<string, Pushable<ComputeStep>>()
  #count = 0
  #wakeAt = Infinity

  constructor(init: ModelledWorkInit) {
    this.#init = init
    this.#engine = init.options.createEngine?.(init.peer)
  }

  readonly compute: Compute = (job, signal) => {
    const { compute, work } = this.#init.options
    if (this.#engine !== undefined) return this.#onEngine(this.#engine, job, signal)
    if (work !== undefined) return this.#really(work(job, signal))
    assert(compute !== undefined, `${this.#init.peer} asked for a ${job.kind} job, but the world was given no way to do it`)
    const { clock, peer, random } = this.#init
    const results = pushable<ComputeStep>({ objectMode: true })
    const steps = compute(job, { peer, now: Math.floor(clock.now), random })
    assert(steps.length > 0, `compute returned no step for a ${job.kind} job of ${peer}; expected at least one`)
    steps.forEach(({ after, result }, index) => {
      this.#later(clock.now + after, () => results.push({ result, last: index === steps.length - 1 }))
    })
    signal.addEventListener('abort', () => results.end())
    return results
  }

  #onEngine(engine: Engine, job: Job, signal: AbortSignal): AsyncIterable<ComputeStep> {
    const id = `j${++this.#count}`
    const results = pushable<ComputeStep>({ objectMode: true })
    this.#running.set(id, results)
    signal.addEventListener('abort', () => {
      results.end()
      if (this.#running.delete(id)) this.#take(engine, engine.cancel(id, this.#now()))
    })
    this.#take(engine, engine.start(id, job, this.#now()))
    return results
  }

  #take(engine: Engine, turn: EngineTurn): void {
    for (const { callId, result, last } of turn.results) this.#tell(callId, result, last)
    const wakeAt = turn.wakeAt ?? Infinity
    if (wakeAt === Infinity || wakeAt === this.#wakeAt) return
    this.#wakeAt = wakeAt
    this.#later(wakeAt, () => {
      if (this.#wakeAt !== wakeAt) return
      this.#wakeAt = Infinity
      this.#take(engine, engine.wake(this.#now()))
    })
  }

  #tell(id: string, result: JobResult, last: boolean): void {
    this.#running.get(id)?.push({ result, last })
    if (last) this.#running.delete(id)
  }

  async *#really(steps: AsyncIterable<ComputeStep>): AsyncGenerator<ComputeStep> {
    const iterator = steps[Symbol.asyncIterator]()
    for (;;) {
      const next = await this.#init.clock.work.hold(Promise.resolve(iterator.next()))
      if (next.done === true) return
      yield next.value
    }
  }

  #now(): number {
    return Math.floor(this.#init.clock.now)
  }

  #later(at: number, run: () => void): void {
    const owner: Owner = this.#init.clock.owner
    this.#init.clock.push(at, { owner, run })
  }
}
