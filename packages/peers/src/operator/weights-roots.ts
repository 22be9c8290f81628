import type { Cryptography } from '@infermesh/kernel'

/** Hashes weights once for each time they are loaded, not once for each execution. */
export class WeightsRoots {
  readonly #hash: Cryptography['hash']
  readonly #known = new Map<string, { readonly weights: Uint8Array; readonly root: Uint8Array }>()

  constructor(hash: Cryptography['hash']) {
    this.#hash = hash
  }

  of(model: string, weights: Uint8Array): Uint8Array {
    const known = this.#known.get(model)
    if (known?.weights === weights) return known.root
    const root = this.#hash(weights)
    this.#known.set(model, { weights, root })
    return root
  }
}
