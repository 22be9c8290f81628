import { type Millis, publish, setTimer } from '@infermesh/kernel'
import type { Envelope, PeerEffect } from '@infermesh/protocol'
import { proposerOf } from './consensus.ts'
import type { SettlerParts } from './settler-parts.ts'

export const ANNOUNCE_TIMER = 'announce'

/** Tells everybody of final blocks, once for all settlers: who proposed speaks first, the next one only after a silence. */
export class Announcer {
  readonly #parts: SettlerParts
  readonly #after: Millis
  #unannounced: Envelope<'checkpoint'> | undefined

  constructor(after: Millis, parts: SettlerParts) {
    this.#after = after
    this.#parts = parts
  }

  onFinal(checkpoint: Envelope<'checkpoint'>, round: number): PeerEffect[] {
    const { settlers, identity } = this.#parts
    const { height } = checkpoint.payload.block
    const rank = settlers.findIndex((_, place) => proposerOf(settlers, height, round + place) === identity.peerId)
    if (rank === 0) return [publish('checkpoints', checkpoint)]
    this.#unannounced = checkpoint
    return [setTimer(ANNOUNCE_TIMER, rank * this.#after)]
  }

  onHeard({ payload }: Envelope<'checkpoint'>): void {
    if (this.#unannounced?.payload.block.height === payload.block.height) this.#unannounced = undefined
  }

  onTimer(): PeerEffect[] {
    const checkpoint = this.#unannounced
    this.#unannounced = undefined
    return checkpoint === undefined ? [] : [publish('checkpoints', checkpoint)]
  }
}
