import type { Random } from '@infermesh/kernel'
import { EventQueue } from '@infermesh/sim'
import { Owner, type Task } from './owner.ts'
import { PendingWork } from './pending-work.ts'
import { ProgressGuard } from './progress-guard.ts'
import { drainNow, realNow, realTurn } from './real-time.ts'

/** Real milliseconds after which the thread looks at its messages. */
const SLICE_MS = 20
/** Events between two looks at the real clock. */
const LOOK_EVERY = 64

/** Virtual time: events in the order (time, insertion), each followed by all the micro-tasks that it sets off. */
export class VirtualClock {
  /** Virtual ms since the run began, on a grid of 1/1024 ms. */
  now = 0
  performed = 0
  /** Called now and then in real time, while the world runs. */
  onTurn: (() => void) | undefined
  /** Whose event is at hand. */
  owner: Owner
  readonly world: Owner
  readonly work = new PendingWork()
  readonly #queue = new EventQueue()
  readonly #tasks: (Task | undefined)[] = []
  readonly #free: number[] = []
  #guard = new ProgressGuard({ limit: Infinity, seed: '' })
  #isStopped = false
  #failure: Error | undefined

  constructor(random: Random) {
    this.world = new Owner({ name: 'world', index: -1, random: random.fork('ambient') })
    this.owner = this.world
  }

  /** Stops a run that is busy without time moving. */
  guard(limit: number, seed: string | number): void {
    this.#guard = new ProgressGuard({ limit, seed })
  }

  /** Real ms, for progress only. The clock's own, since a program that is loaded later finds its time replaced. */
  realNow(): number {
    return realNow()
  }

  pending(): number {
    return this.#queue.size
  }

  /** When something that the peer at hand does now takes effect. */
  effective(owner: Owner): number {
    return owner.busyUntil > this.now ? owner.busyUntil : this.now
  }

  push(at: number, task: Task): void {
    const slot = this.#free.pop() ?? this.#tasks.length
    this.#tasks[slot] = task
    this.#queue.push(at > this.now ? at : this.now, 0, task.owner.index, slot, 0)
  }

  /** Lets the world do something at a time. */
  at(when: number, run: () => void): void {
    this.push(when, { owner: this.world, run })
  }

  /** Runs something as the owner's, as soon as it can. */
  enter(owner: Owner, run: () => void): void {
    this.push(this.now, { owner, run })
  }

  /** Keeps a peer waiting for its disk. */
  stall(owner: Owner, by: number): void {
    owner.busyUntil = this.effective(owner) + by
    this.at(owner.busyUntil, () => this.wake(owner))
  }

  /** What waited goes on in order, until something makes the peer wait again. */
  wake(owner: Owner): void {
    if (owner.isDead || owner.standsStill(this.now)) return
    const task = owner.waiting.shift()
    if (task === undefined) return
    this.at(this.now, () => this.wake(owner))
    this.#run(task)
  }

  /** Ends the run with an error, after the event at hand. The first one counts. */
  fail(error: Error): void {
    this.#failure ??= error
  }

  /** Counts work that is done within one event. */
  note(owner: Owner): void {
    this.#guard.note(this.now, owner)
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Performs all events up to and including a time, and moves to it. Returns early after `stop`; rejects after `fail`. */
  run(until: number): Promise<void> {
    this.#isStopped = false
    return this.#inTurns(() => this.#slice(until))
  }

  /** Performs the next event; false when there is none. */
  async step(): Promise<boolean> {
    let performed = false
    await this.#inTurns(() => {
      if (!this.work.isEmpty()) return false
      if (performed || !this.#queue.pop(Infinity)) return true
      this.#perform()
      performed = true
      return false
    })
    return performed
  }

  #inTurns(slice: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        try {
          this.onTurn?.()
          const isOver = slice()
          if (this.#failure !== undefined) reject(this.#failure)
          else if (isOver) resolve()
          else realTurn(turn)
        } catch (error) {
          reject(error)
        }
      }
      realTurn(turn)
    })
  }

  /** True when the run is over. Native work keeps the event at hand open, so nothing is popped while there is any. */
  #slice(until: number): boolean {
    const end = realNow() + SLICE_MS
    for (let count = 1; this.work.isEmpty(); count++) {
      if (this.#isStopped || this.#failure !== undefined) return true
      if (!this.#queue.pop(until)) {
        if (until !== Infinity && until > this.now) this.now = until
        this.owner = this.world
        return true
      }
      this.#perform()
      if (drainNow === undefined) return false
      drainNow()
      if (count % LOOK_EVERY === 0 && realNow() > end) return false
    }
    return false
  }

  #perform(): void {
    const { at, a: slot } = this.#queue
    const task = this.#tasks[slot]
    this.#tasks[slot] = undefined
    this.#free.push(slot)
    this.now = at
    if (task === undefined || task.owner.isDead) return
    this.performed++
    this.#guard.note(at, task.owner)
    if (task.owner.standsStill(at) || task.owner.waiting.size() > 0) task.owner.waiting.push(task)
    else this.#run(task)
  }

  #run(task: Task): void {
    this.owner = task.owner
    task.run()
  }
}
