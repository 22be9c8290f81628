import type { Cryptography } from '@infermesh/kernel'
import { asciiBytes, concatBytes, fromHex } from '@infermesh/protocol'

/** Weights of the reference engine: as many bytes as asked for, all decided by the seed. */
export interface ReferenceWeights {
  readonly seed: string
  readonly bytes: number
}

/** Weights as they are, in hex: of an engine that runs them. */
export interface GivenWeights {
  readonly hex: string
}

/** What a publisher uploads. */
export const publishedWeights = (hash: Cryptography['hash'], weights: ReferenceWeights | GivenWeights): Uint8Array =>
  'hex' in weights ? fromHex(weights.hex) : weightsFrom(hash, weights)

/** Plain bytes, block by block the SHA-256 of seed and block number. */
export function weightsFrom(hash: Cryptography['hash'], { seed, bytes }: ReferenceWeights): Uint8Array {
  const weights = new Uint8Array(bytes)
  for (let offset = 0; offset < bytes; offset += BLOCK_BYTES) {
    const block = hash(concatBytes(asciiBytes(`infermesh weights ${seed} ${offset / BLOCK_BYTES}`)))
    weights.set(block.subarray(0, Math.min(BLOCK_BYTES, bytes - offset)), offset)
  }
  return weights
}

const BLOCK_BYTES = 32
