import { assert } from '@infermesh/kernel'
import { divide, multiply } from './field.ts'

export const SECRET_BYTES = 32
/** One byte of index (1 to 255), then as many bytes as the secret has. */
export const SHARE_BYTES = SECRET_BYTES + 1

export interface SplitOptions {
  /** Shares that are enough to recover the secret; one fewer tell nothing. */
  readonly threshold: number
  readonly shares: number
  /** `(threshold − 1) × 32` bytes that nobody else can guess. Equal bytes give equal shares. */
  readonly randomness: Uint8Array
}

/** Shamir's scheme (1979), byte by byte over GF(2⁸). Share i is at index i − 1 and evaluates each polynomial at i. */
export function splitSecret(secret: Uint8Array, { threshold, shares, randomness }: SplitOptions): readonly Uint8Array[] {
  assert(secret.length === SECRET_BYTES, `a secret has ${SECRET_BYTES} bytes, not ${secret.length}`)
  assert(threshold >= 1 && threshold <= shares && shares <= 255, `a threshold of ${threshold} does not fit ${shares} shares`)
  const needed = (threshold - 1) * SECRET_BYTES
  assert(randomness.length === needed, `${threshold - 1} coefficients need ${needed} bytes, not ${randomness.length}`)
  return Array.from({ length: shares }, (_, index) => shareAt(index + 1, secret, randomness))
}

function shareAt(x: number, secret: Uint8Array, randomness: Uint8Array): Uint8Array {
  const share = new Uint8Array(SHARE_BYTES)
  share[0] = x
  for (let position = 0; position < SECRET_BYTES; position++) {
    let value = 0
    // Horner's rule from the highest coefficient down to the secret's byte.
    for (let offset = randomness.length - SECRET_BYTES; offset >= 0; offset -= SECRET_BYTES) {
      value = multiply(value, x) ^ (randomness[offset + position] ?? 0)
    }
    share[position + 1] = multiply(value, x) ^ (secret[position] ?? 0)
  }
  return share
}

/**
 * Recovers the secret from as many shares as the threshold says. Fewer, or a forged one, give 32 other bytes: the caller must
 * check them against something. `undefined` when a share has the wrong size, index 0, or the index of another.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | undefined {
  const indices = shares.map((share) => share[0] ?? 0)
  if (shares.length === 0 || new Set(indices).size !== shares.length) return undefined
  if (indices.includes(0) || shares.some((share) => share.length !== SHARE_BYTES)) return undefined
  const secret = new Uint8Array(SECRET_BYTES)
  shares.forEach((share, index) => {
    const weight = weightAtZero(indices, index)
    for (let position = 0; position < SECRET_BYTES; position++) {
      secret[position] = (secret[position] ?? 0) ^ multiply(weight, share[position + 1] ?? 0)
    }
  })
  return secret
}

/** Lagrange's basis polynomial of one point, at zero. */
function weightAtZero(indices: readonly number[], own: number): number {
  const x = indices[own] ?? 0
  return indices.reduce((product, other, index) => (index === own ? product : multiply(product, divide(other, other ^ x))), 1)
}
