import { assert } from '@infermesh/kernel'
import { emptyRoot, type Hash, leafHash, nodeHash, splitOf } from './hashing.ts'

/** An append-only Merkle tree (RFC 9162 §2.1) that keeps every complete subtree, so that a proof costs a logarithm of its size. */
export class MerkleLog {
  readonly #hash: Hash
  /** Level k holds the roots of the complete subtrees of 2^k leaves. */
  readonly #levels: Uint8Array[][] = [[]]

  constructor(hash: Hash) {
    this.#hash = hash
  }

  size(): number {
    return this.#levels[0]?.length ?? 0
  }

  append(data: Uint8Array): void {
    let node = leafHash(this.#hash, data)
    for (let level = 0; ; level++) {
      const nodes = this.#levels[level] ?? []
      this.#levels[level] = nodes
      nodes.push(node)
      const left = nodes.at(-2)
      if (nodes.length % 2 === 1 || left === undefined) return
      node = nodeHash(this.#hash, left, node)
    }
  }

  /** The root when the log had `size` leaves. */
  root(size = this.size()): Uint8Array {
    this.#expectSize(size)
    return size === 0 ? emptyRoot(this.#hash) : this.#subtree(0, size)
  }

  /** RFC 9162 §2.1.3: the siblings of leaf `index` on its way to the root of the first `size` leaves, lowest first. */
  inclusionProof(index: number, size = this.size()): readonly Uint8Array[] {
    this.#expectSize(size)
    assert(index >= 0 && index < size, `expected a leaf below ${size}, got ${index}`)
    return this.#path(index, 0, size)
  }

  /** RFC 9162 §2.1.4: what shows that the first `size` leaves begin with the first `earlier` ones. */
  consistencyProof(earlier: number, size = this.size()): readonly Uint8Array[] {
    this.#expectSize(size)
    assert(earlier >= 0 && earlier <= size, `expected an earlier size of at most ${size}, got ${earlier}`)
    return earlier === 0 || earlier === size ? [] : this.#extension(earlier, [0, size], true)
  }

  #expectSize(size: number): void {
    assert(size >= 0 && size <= this.size(), `the log has ${this.size()} leaves, not ${size}`)
  }

  #path(index: number, start: number, size: number): Uint8Array[] {
    if (size === 1) return []
    const split = splitOf(size)
    return index < split
      ? [...this.#path(index, start, split), this.#subtree(start + split, size - split)]
      : [...this.#path(index - split, start + split, size - split), this.#subtree(start, split)]
  }

  /** `whole`: the earlier tree is this very subtree, whose root the verifier has already. */
  #extension(earlier: number, [start, size]: readonly [number, number], whole: boolean): Uint8Array[] {
    if (earlier === size) return whole ? [] : [this.#subtree(start, size)]
    const split = splitOf(size)
    return earlier <= split
      ? [...this.#extension(earlier, [start, split], whole), this.#subtree(start + split, size - split)]
      : [...this.#extension(earlier - split, [start + split, size - split], false), this.#subtree(start, split)]
  }

  #subtree(start: number, size: number): Uint8Array {
    const level = 31 - Math.clz32(size)
    const width = 1 << level
    if (width === size && start % width === 0) {
      const stored = this.#levels[level]?.[start / width]
      assert(stored !== undefined, `subtree ${start}+${size} is complete but not stored`)
      return stored
    }
    const split = splitOf(size)
    return nodeHash(this.#hash, this.#subtree(start, split), this.#subtree(start + split, size - split))
  }
}

/** Root over a list that is not appended to later. */
export function merkleRoot(hash: Hash, leaves: readonly Uint8Array[]): Uint8Array {
  const log = new MerkleLog(hash)
  for (const leaf of leaves) log.append(leaf)
  return log.root()
}
