import type { Millis } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerMachine } from '@infermesh/protocol'
import type { Seen, Watch } from './fault-host.ts'

interface Note extends Seen {
  offset: Millis
  at: Millis
  saves: number
  /** Seen from outside: until the peer could take its next input. */
  saveMsMin: number
  pending: { readonly since: Millis; readonly shown: Millis; readonly saves: number } | undefined
}

/** Sees what clock and disk faults do to a peer, from its inputs and effects. Only peers with such a fault are watched. */
export class PeerWatch implements Watch {
  readonly #trueNow: () => Millis
  readonly #notes = new Map<string, Note>()

  constructor(trueNow: () => Millis) {
    this.#trueNow = trueNow
  }

  of(peer: string): Seen {
    return this.#noteOf(peer)
  }

  restartSaves(peer: string): void {
    Object.assign(this.#noteOf(peer), { saves: 0, saveMsMin: Number.POSITIVE_INFINITY, pending: undefined })
  }

  wrap(peer: string, machine: PeerMachine): PeerMachine {
    return {
      handle: (input, now) => this.#handle(peer, machine, input, now),
      validate: (topic, envelope, now) => machine.validate?.(topic, envelope, now) ?? 'accept',
    }
  }

  #handle(peer: string, machine: PeerMachine, input: PeerInput, now: Millis): readonly PeerEffect[] {
    const note = this.#noteOf(peer)
    const trueNow = this.#trueNow()
    note.offset = now - trueNow
    note.at = trueNow
    if (note.pending !== undefined) {
      // A peer in the stack world takes its next input with a later time at the same event.
      const took = Math.max(trueNow - note.pending.since, now - note.pending.shown)
      note.saveMsMin = Math.min(note.saveMsMin, took / note.pending.saves)
    }
    const effects = machine.handle(input, now)
    const saves = effects.filter((effect) => effect.type === 'save' || effect.type === 'forget').length
    note.saves += saves
    note.pending = saves > 0 ? { since: trueNow, shown: now, saves } : undefined
    return effects
  }

  #noteOf(peer: string): Note {
    const known = this.#notes.get(peer)
    if (known !== undefined) return known
    const fresh: Note = { offset: 0, at: -1, saves: 0, saveMsMin: Number.POSITIVE_INFINITY, pending: undefined }
    this.#notes.set(peer, fresh)
    return fresh
  }
}
