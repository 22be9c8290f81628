import type { Random } from '@infermesh/kernel'
import { Fifo } from '../../loop/fifo.ts'

/** Something that happens at a virtual time, to its owner. */
export interface Task {
  readonly owner: Owner
  run(): void
}

/**
 * Whom an event belongs to: one life of one peer, or the world. Events run one by one until nothing is left to do for them, so
 * whatever they set off on the way belongs to the same owner. A restarted peer is a new owner.
 */
export class Owner {
  readonly name: string
  /** Of the peer; -1 for the world. */
  readonly index: number
  /** Answers the random calls of code that believes it has a machine of its own. */
  readonly random: Random
  isDead = false
  isPaused = false
  /** The peer's disk keeps it waiting until this virtual time: what it does takes effect no earlier. */
  busyUntil = 0
  /** What came while the peer stood still, in order. */
  readonly waiting = new Fifo<Task>()

  constructor(init: { readonly name: string; readonly index: number; readonly random: Random }) {
    this.name = init.name
    this.index = init.index
    this.random = init.random
  }

  standsStill(now: number): boolean {
    return this.isPaused || this.busyUntil > now
  }
}
