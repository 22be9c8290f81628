import type { Millis } from '@infermesh/kernel'
import type { FaultOf } from '@infermesh/scenario'
import { MachineFailed } from '@infermesh/sim'
import type { ActiveFault, FaultHost, Proof } from './fault-host.ts'

/** Who is held down, and by how many faults: a peer returns when the last of them heals. */
export class Processes {
  readonly #host: FaultHost
  readonly #heldDown = new Map<string, number>()
  readonly #resumedAt = new Map<string, Millis>()

  constructor(host: FaultHost) {
    this.#host = host
  }

  crash(fault: FaultOf<'crash'>): ActiveFault {
    const { peers, afterEffects = 0, cut } = fault
    for (const peer of peers) {
      this.#heldDown.set(peer, (this.#heldDown.get(peer) ?? 0) + 1)
      if (cut === undefined) this.#host.crash(peer, { afterEffects, reason: 'a fault of the scenario' })
      else this.#host.cutAtSave?.(peer, cut)
    }
    const gone = new Set(peers.filter((peer) => !this.#host.isUp(peer)))
    let isHealed = false
    const note = (): void => {
      for (const peer of peers) if (!this.#host.isUp(peer)) gone.add(peer)
    }
    return {
      heal: () => {
        note()
        if (isHealed) return
        isHealed = true
        for (const peer of peers) this.#release(peer)
      },
      prove: () => {
        note()
        return proofOf({ gone: gone.size }, gone.size === peers.length, `${peers.length - gone.size} of ${peers.length} were never down`)
      },
    }
  }

  restart({ peers, wipe }: FaultOf<'restart'>): ActiveFault {
    for (const peer of peers) {
      this.#heldDown.delete(peer)
      this.bringUp(peer, wipe)
    }
    const up = new Set<string>()
    return {
      heal: () => undefined,
      prove: () => {
        // A process takes a while to start, and may be gone again at the end.
        for (const peer of peers) if (this.#host.isUp(peer)) up.add(peer)
        return proofOf({ up: up.size }, up.size === peers.length, `${peers.length - up.size} did not start`)
      },
    }
  }

  pause({ peers }: FaultOf<'pause'>): ActiveFault {
    const paused = peers.filter((peer) => this.#host.isUp(peer)).map((peer) => new PausedPeer(this.#host, peer))
    return {
      heal: () => this.resume({ kind: 'resume', peers, at: 0 }),
      prove: () => {
        const early = paused.filter((entry) => entry.answeredBefore(this.#resumedAt.get(entry.peer) ?? Number.POSITIVE_INFINITY))
        if (paused.length < peers.length)
          return proofOf({ paused: paused.length }, false, `${peers.length - paused.length} were down already`)
        return proofOf({ paused: paused.length, answered: early.length }, early.length === 0, `${early.length} answered while paused`)
      },
    }
  }

  resume({ peers }: FaultOf<'resume'>): ActiveFault {
    for (const peer of peers) {
      this.#resumedAt.set(peer, this.#host.now())
      if (this.#host.isUp(peer)) this.#host.resume(peer)
    }
    const up = peers.filter((peer) => this.#host.isUp(peer)).length
    return { heal: () => undefined, prove: () => ({ measured: { up } }) }
  }

  /** Starts a peer that is down. One that finds its disk damaged refuses, which is right, and stays down. */
  bringUp(peer: string, wipe = false): void {
    try {
      if (wipe) this.#host.restart(peer, { wipe })
      else if (!this.#host.isUp(peer)) this.#host.start(peer)
    } catch (error) {
      if (!(error instanceof MachineFailed) || !error.message.includes('disk is damaged')) throw error
      this.#host.crash(peer, { reason: `it refuses to start: ${error.message}` })
    }
  }

  #release(peer: string): void {
    const holds = (this.#heldDown.get(peer) ?? 0) - 1
    if (holds > 0) this.#heldDown.set(peer, holds)
    else this.#heldDown.delete(peer)
    // A crash that was planned and has not come yet must not come later.
    this.#host.cutAtSave?.(peer, undefined)
    if (this.#host.isUp(peer)) this.#host.crash(peer, { afterEffects: Number.POSITIVE_INFINITY })
    else if (holds <= 0) this.bringUp(peer)
  }
}

/** Asks a paused peer something that it would answer at once: silence is the proof. */
class PausedPeer {
  readonly peer: string
  #answeredAt: Millis | undefined

  constructor(host: FaultHost, peer: string) {
    this.peer = peer
    host.pause(peer)
    const message = { type: 'Command', name: 'status', argument: '{}' } as const
    host.ask(peer, { stream: 'control', message, timeout: ASK_TIMEOUT }, (answer) => {
      if (answer.type === 'response') this.#answeredAt ??= host.now()
    })
  }

  answeredBefore(instant: Millis): boolean {
    return this.#answeredAt !== undefined && this.#answeredAt < instant
  }
}

const ASK_TIMEOUT: Millis = 3_600_000

export const proofOf = (measured: Readonly<Record<string, number>>, held: boolean, failure: string): Proof =>
  held ? { measured } : { measured, failure }
