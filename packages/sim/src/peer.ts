import type { AnyEnvelope, AnyMessage, Effect, Machine, PeerId, Random } from '@infermesh/kernel'
import type { Call } from './call.ts'
import { type ClockSkew, localTime } from './clock-skew.ts'
import type { Connection } from './connection.ts'
import type { DiskFault } from './disk.ts'
import type { Timer } from './timers.ts'

/** How a peer enters a world. `createMachine` runs at each start, also after a crash. */
export interface PeerSpec<M extends AnyMessage, E extends AnyEnvelope> {
  readonly name: string
  readonly peerId: PeerId
  readonly role?: string
  readonly createMachine: () => Machine<M, E>
}

/**
 * A peer as the world sees it. What a process loses when it dies is emptied by a crash; `store` is its disk.
 * Maps come into being at first use: a hundred thousand idle peers cost little.
 */
export class Peer<M extends AnyMessage, E extends AnyEnvelope> {
  readonly index: number
  readonly spec: PeerSpec<M, E>
  /** Draws what happens to this peer's messages, so that another peer's traffic does not shift it. */
  readonly random: Random
  machine: Machine<M, E> | undefined = undefined
  /** Rises with every crash, so that leftovers of an earlier life are recognised. */
  life = 0
  starts = 0
  isPaused = false
  /** Effects left to perform while the disk is busy. */
  waiting: readonly Effect<M, E>[] | undefined = undefined
  /** What arrived while the peer was stopped or its disk was busy. */
  inbox: (() => void)[] = []
  /** Effects it may still perform before a planned crash. */
  effectsLeft = Infinity
  store: Map<string, Uint8Array> | undefined = undefined
  timers: Map<string, Timer> | undefined = undefined
  calls: Map<string, Call<M, E>> | undefined = undefined
  serving: Map<string, Call<M, E>> | undefined = undefined
  connections: Map<number, Connection<M, E>> | undefined = undefined
  topics: string[] = []
  disk: DiskFault | undefined = undefined
  skew: ClockSkew | undefined = undefined
  lastNow = 0

  constructor(index: number, spec: PeerSpec<M, E>, random: Random) {
    this.index = index
    this.spec = spec
    this.random = random
  }

  isBlocked(): boolean {
    return this.isPaused || this.waiting !== undefined
  }

  /** Empties all that a process takes with it. Streams and topics still find what they must end. */
  die(): void {
    this.machine = undefined
    this.life++
    this.isPaused = false
    this.waiting = undefined
    this.inbox = []
    this.effectsLeft = Infinity
    this.timers = undefined
  }

  /** The time this peer believes in, whole milliseconds, never going back. */
  clock(now: number): number {
    const local = this.skew === undefined ? Math.floor(now) : Math.floor(localTime(this.skew, now))
    if (local > this.lastNow) this.lastNow = local
    return this.lastNow
  }
}
