import { assert } from '@infermesh/kernel'

/** How lengths are hidden before sealing. The schedule is public; what it leaves is which class a message falls in. */
export type PaddingPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'multiple'; readonly of: number }
  | { readonly kind: 'padme' }
  | { readonly kind: 'powerOfTwo' }
  /** Lengths in rising order. */
  | { readonly kind: 'buckets'; readonly sizes: readonly number[] }
  | { readonly kind: 'fixed'; readonly size: number }

/** 1, 2, 4, 8, 16 and 64 KiB: few classes for short prompts, where Padmé leaves many. */
export const DEFAULT_BUCKETS: PaddingPolicy = { kind: 'buckets', sizes: [1024, 2048, 4096, 8192, 16384, 65536] }

/** The length on the wire, or `undefined` when the policy has no class that large. */
export function paddedLength(policy: PaddingPolicy, length: number): number | undefined {
  switch (policy.kind) {
    case 'none':
      return length
    case 'multiple':
      return Math.ceil(length / policy.of) * policy.of
    case 'padme':
      return padmeLength(length)
    case 'powerOfTwo':
      return length <= 1 ? length : 2 * topPower(length - 1)
    case 'buckets':
      return policy.sizes.find((size) => size >= length)
    case 'fixed':
      return length <= policy.size ? policy.size : undefined
  }
}

/** Zeros up to `length`: padding of a binary HTTP message goes inside the seal, at its end. */
export function padTo(bytes: Uint8Array, length: number): Uint8Array {
  assert(length >= bytes.length, `expected a padded length of at least ${bytes.length}, got ${length}`)
  const padded = new Uint8Array(length)
  padded.set(bytes)
  return padded
}

/**
 * Padmé (Nikitin et al. 2019): the lowest bits are cleared, upward, so that O(log log L) bits of the length show. Costs at most 11.63 %
 * (129 bytes become 144).
 */
function padmeLength(length: number): number {
  if (length < 2) return length
  const exponent = logTwo(length)
  const kept = logTwo(exponent) + 1
  const step = powerOfTwo(exponent - kept)
  return Math.ceil(length / step) * step
}

/** ⌊log2⌋ of a whole number up to 2^53; of 1 and 0 it is 0. Counted, since `Math.log2` may round up near a power. */
function logTwo(value: number): number {
  let exponent = 0
  for (let rest = value; rest >= 2; rest = Math.floor(rest / 2)) exponent += 1
  return exponent
}

function powerOfTwo(exponent: number): number {
  let power = 1
  for (let count = 0; count < exponent; count++) power *= 2
  return power
}

const topPower = (value: number): number => powerOfTwo(logTwo(value))
