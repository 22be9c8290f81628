import { type Effect, type Millis, type PeerId, save } from '@infermesh/kernel'
import { decodePromise, encodePromise, type LeasePromise } from './promise.ts'

const prefix = 'grantor/promise/'

/** The promises of one grantor, by model. */
export class PromiseBook {
  readonly #limit: number
  readonly #byModel = new Map<string, LeasePromise>()

  constructor(limit: number) {
    this.#limit = limit
  }

  restore(saved: ReadonlyMap<string, Uint8Array>, now: Millis): void {
    for (const [key, value] of saved) {
      if (key.startsWith(prefix)) this.#byModel.set(key.slice(prefix.length), decodePromise(key, value, now))
    }
  }

  get(model: string): LeasePromise | undefined {
    return this.#byModel.get(model)
  }

  /** The promise so far, or a blank one; `undefined` when another is the owner, or the book is full. */
  open(model: string, owner: PeerId, now: Millis): LeasePromise | undefined {
    const known = this.#byModel.get(model)
    if (known !== undefined) return known.owner === owner ? known : undefined
    return this.#byModel.size < this.#limit ? { owner, epoch: 0, released: false, grantedAt: now } : undefined
  }

  /** A renewal changes only the time, which is not kept on disk. */
  keep(model: string, promise: LeasePromise): readonly Effect<never, never>[] {
    const known = this.#byModel.get(model)
    this.#byModel.set(model, promise)
    const renewed =
      known !== undefined && known.epoch === promise.epoch && known.holder === promise.holder && known.released === promise.released
    return renewed ? [] : [save(`${prefix}${model}`, encodePromise(promise))]
  }
}
