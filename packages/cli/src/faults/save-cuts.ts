import type { Millis } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerMachine } from '@infermesh/protocol'

export type CutSide = 'before-save' | 'after-save'

/** Ends a peer exactly where what is saved and what is said part: just before its next save, or just after it. */
export class SaveCuts {
  readonly #crash: (peer: string, afterEffects: number) => void
  readonly #armed = new Map<string, CutSide>()

  /** `crash` ends a peer after so many more effects. */
  constructor(crash: (peer: string, afterEffects: number) => void) {
    this.#crash = crash
  }

  arm(peer: string, side: CutSide): void {
    this.#armed.set(peer, side)
  }

  disarm(peer: string): void {
    this.#armed.delete(peer)
  }

  wrap(peer: string, machine: PeerMachine): PeerMachine {
    const handle = (input: PeerInput, now: Millis): readonly PeerEffect[] => {
      const effects = machine.handle(input, now)
      this.#look(peer, effects)
      return effects
    }
    return machine.validate === undefined ? { handle } : { handle, validate: machine.validate.bind(machine) }
  }

  /** The list is performed after this, so effects are counted from its start. */
  #look(peer: string, effects: readonly PeerEffect[]): void {
    const side = this.#armed.get(peer)
    if (side === undefined) return
    const first = effects.findIndex(({ type }) => type === 'save')
    const count = side === 'after-save' ? first + 1 : first
    if (first < 0 || count === 0) return
    this.#armed.delete(peer)
    this.#crash(peer, count)
  }
}
