import { sameBytes } from '../wire/cbor.ts'
import { type Hash, leafHash, nodeHash } from './hashing.ts'

type Proof = readonly Uint8Array[]

export interface InclusionClaim {
  readonly data: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
}

/** RFC 9162 §2.1.3.2: does the log of `size` leaves under `root` hold `data` at `index`? */
export function verifyInclusion(hash: Hash, claim: InclusionClaim, proof: Proof): boolean {
  if (!isIndex(claim.index, claim.size)) return false
  let node = claim.index
  let last = claim.size - 1
  let root = leafHash(hash, claim.data)
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      root = nodeHash(hash, sibling, root)
      ;[node, last] = risenEdge(node, last)
    } else {
      root = nodeHash(hash, root, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && sameBytes(root, claim.root)
}

export interface ConsistencyClaim {
  readonly earlier: number
  readonly earlierRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
}

/** RFC 9162 §2.1.4.2: does the log under `root` begin with the log under `earlierRoot`? */
export function verifyConsistency(hash: Hash, claim: ConsistencyClaim, proof: Proof): boolean {
  const { earlier, earlierRoot, size, root } = claim
  if (!isIndex(earlier, size + 1) || !Number.isSafeInteger(size)) return false
  if (earlier === size) return proof.length === 0 && sameBytes(earlierRoot, root)
  if (earlier === 0) return proof.length === 0
  let [node, last] = [earlier - 1, size - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  // A power of two is a complete subtree: its root is the earlier root itself and is left out of the proof.
  const [seed, ...rest] = node === 0 ? [earlierRoot, ...proof] : proof
  if (seed === undefined) return false
  let [before, after] = [seed, seed]
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      before = nodeHash(hash, sibling, before)
      after = nodeHash(hash, sibling, after)
      ;[node, last] = risenEdge(node, last)
    } else {
      after = nodeHash(hash, after, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && sameBytes(before, earlierRoot) && sameBytes(after, root)
}

/** A right edge without a sibling rises until it has one. */
function risenEdge(node: number, last: number): [number, number] {
  let [place, edge] = [node, last]
  while (place % 2 === 0 && place !== 0) [place, edge] = [half(place), half(edge)]
  return [place, edge]
}

const half = (value: number): number => Math.floor(value / 2)

const isIndex = (index: number, bound: number): boolean => Number.isSafeInteger(index) && index >= 0 && index < bound
