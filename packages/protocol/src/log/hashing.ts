import type { Cryptography } from '@infermesh/kernel'
import { hashOf } from '../derive.ts'

export type Hash = Cryptography['hash']

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** RFC 9162 §2.1.1: leaves and inner nodes are hashed under different prefixes, so that neither can be taken for the other. */
export const leafHash = (hash: Hash, data: Uint8Array): Uint8Array => hashOf(hash, LEAF, data)

export const nodeHash = (hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array => hashOf(hash, NODE, left, right)

export const emptyRoot = (hash: Hash): Uint8Array => hash(new Uint8Array(0))

/** The largest power of two below `size`; `size` is at least 2. Where RFC 9162 splits a tree. */
export function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}
