import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../wire/schema.ts'
import { emptyFrontier, extended, frontierRoot, leafHash, MerkleLog, nodeHash, verifyConsistency, verifyInclusion } from './index.ts'

test('gives the roots of the Certificate Transparency test leaves', () => {
  const log = logOf(ctLeaves)

  expect(ctRoots.map((_, size) => toHex(log.root(size)))).toEqual(ctRoots)
})

test('gives the proofs that a tree built by the definition gives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(), (leaves, a, b) => {
      const log = logOf(leaves)
      const size = 1 + (a % leaves.length)
      const index = b % size

      expect(log.root(size)).toEqual(slowRoot(leaves.slice(0, size)))
      expect(log.inclusionProof(index, size)).toEqual(slowPath(index, leaves.slice(0, size)))
      expect(log.consistencyProof(index + 1, size)).toEqual(slowExtension(index + 1, leaves.slice(0, size), true))
    }),
  )
})

test('the frontier reaches the same root without the leaves', () => {
  const log = new MerkleLog(sha256)
  let frontier = emptyFrontier

  for (let index = 0; index < 130; index++) {
    expect(frontierRoot(sha256, frontier)).toEqual(log.root())
    const data = Uint8Array.of(index)
    log.append(data)
    frontier = extended(sha256, frontier, leafHash(sha256, data))
  }
  expect(frontier.peaks.length).toBeLessThanOrEqual(8)
})

test('an inclusion proof convinces for its own leaf, place, size and root, and for no other', () => {
  const log = logOf(numbered(33))
  for (let size = 1; size <= 33; size++)
    for (let index = 0; index < size; index++) {
      const proof = log.inclusionProof(index, size)
      const claim = { data: Uint8Array.of(index), index, size, root: log.root(size) }

      expect(verifyInclusion(sha256, claim, proof)).toBe(true)
      expect(verifyInclusion(sha256, { ...claim, data: Uint8Array.of(index + 1) }, proof)).toBe(false)
      expect(verifyInclusion(sha256, { ...claim, root: log.root(size - 1) }, proof)).toBe(false)
      expect(verifyInclusion(sha256, { ...claim, index: (index + 1) % (size + 1) }, proof)).toBe(false)
      expect(verifyInclusion(sha256, claim, [...proof, proof[0] ?? claim.root])).toBe(false)
      if (proof.length > 0) expect(verifyInclusion(sha256, claim, proof.slice(1))).toBe(false)
    }
})

test('a consistency proof convinces for a grown log and not for a rewritten one', () => {
  const log = logOf(numbered(33))
  const rewritten = logOf([Uint8Array.of(99), ...numbered(33).slice(1)])
  for (let size = 1; size <= 33; size++)
    for (let earlier = 1; earlier < size; earlier++) {
      const proof = log.consistencyProof(earlier, size)
      const claim = { earlier, earlierRoot: log.root(earlier), size, root: log.root(size) }

      expect(verifyConsistency(sha256, claim, proof)).toBe(true)
      expect(verifyConsistency(sha256, { ...claim, earlierRoot: rewritten.root(earlier) }, proof)).toBe(false)
      expect(verifyConsistency(sha256, { ...claim, root: rewritten.root(size) }, rewritten.consistencyProof(earlier, size))).toBe(false)
      expect(verifyConsistency(sha256, { ...claim, earlier: earlier - 1 || size }, proof)).toBe(false)
      expect(verifyConsistency(sha256, claim, proof.slice(1))).toBe(false)
    }
})

test('a log is consistent with itself and with the empty log, and then needs no proof', () => {
  const log = logOf(numbered(5))
  const root = log.root()

  expect(verifyConsistency(sha256, { earlier: 5, earlierRoot: root, size: 5, root }, log.consistencyProof(5))).toBe(true)
  expect(verifyConsistency(sha256, { earlier: 0, earlierRoot: log.root(0), size: 5, root }, log.consistencyProof(0))).toBe(true)
  expect(verifyConsistency(sha256, { earlier: 5, earlierRoot: log.root(4), size: 5, root }, [])).toBe(false)
})

const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest())

const numbered = (count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => Uint8Array.of(index))

function logOf(leaves: readonly Uint8Array[]): MerkleLog {
  const log = new MerkleLog(sha256)
  for (const leaf of leaves) log.append(leaf)
  return log
}

// The definitions of RFC 6962 §2.1, word for word, over the leaves themselves.
const largestPowerBelow = (size: number): number => 2 ** Math.ceil(Math.log2(size) - 1)

function slowRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return sha256(new Uint8Array(0))
  if (leaves.length === 1) return leafHash(sha256, only)
  const split = largestPowerBelow(leaves.length)
  return nodeHash(sha256, slowRoot(leaves.slice(0, split)), slowRoot(leaves.slice(split)))
}

function slowPath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const split = largestPowerBelow(leaves.length)
  return index < split
    ? [...slowPath(index, leaves.slice(0, split)), slowRoot(leaves.slice(split))]
    : [...slowPath(index - split, leaves.slice(split)), slowRoot(leaves.slice(0, split))]
}

function slowExtension(earlier: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (earlier === leaves.length) return whole ? [] : [slowRoot(leaves)]
  const split = largestPowerBelow(leaves.length)
  return earlier <= split
    ? [...slowExtension(earlier, leaves.slice(0, split), whole), slowRoot(leaves.slice(split))]
    : [...slowExtension(earlier - split, leaves.slice(split), false), slowRoot(leaves.slice(0, split))]
}

const ctLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(fromHex)

const ctRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
