import type { Millis } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerMachine } from '@infermesh/protocol'

interface Note {
  /** Clock shown minus true time, at the last input. */
  offset: Millis
  saves: number
  /** Shortest true time that one save took, seen from outside: until the peer could take its next input. */
  saveMsMin: number
  pending: { readonly since: Millis; readonly saves: number } | undefined
}

/** Sees what clock and disk faults do to a peer, from its inputs and effects. Only peers with such a fault are watched. */
export class PeerWatch {
  readonly #trueNow: () => Millis
  readonly #notes = new Map<string, Note>()

  constructor(trueNow: () => Millis) {
    this.#trueNow = trueNow
  }

  of(peer: string): Readonly<Note> {
    return this.#noteOf(peer)
  }

  /** From now on saves count anew. */
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
    if (note.pending !== undefined) note.saveMsMin = Math.min(note.saveMsMin, (trueNow - note.pending.since) / note.pending.saves)
    const effects = machine.handle(input, now)
    const saves = effects.filter((effect) => effect.type === 'save' || effect.type === 'forget').length
    note.saves += saves
    note.pending = saves > 0 ? { since: trueNow, saves } : undefined
    return effects
  }

  #noteOf(peer: string): Note {
    const known = this.#notes.get(peer)
    if (known !== undefined) return known
    const fresh: Note = { offset: 0, saves: 0, saveMsMin: Number.POSITIVE_INFINITY, pending: undefined }
    this.#notes.set(peer, fresh)
    return fresh
  }
}
