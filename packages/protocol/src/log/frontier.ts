import { emptyRoot, type Hash, nodeHash } from './hashing.ts'

/** All that is needed to go on appending: the roots of the complete subtrees that make up the tree, largest first. */
export interface Frontier {
  readonly size: number
  readonly peaks: readonly Uint8Array[]
}

export const emptyFrontier: Frontier = { size: 0, peaks: [] }

/** One leaf further. Subtrees of equal size are joined, as the carry of a binary counter. */
export function extended(hash: Hash, frontier: Frontier, leaf: Uint8Array): Frontier {
  const peaks = [...frontier.peaks]
  let joined = leaf
  for (let rest = frontier.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = peaks.pop()
    if (left !== undefined) joined = nodeHash(hash, left, joined)
  }
  peaks.push(joined)
  return { size: frontier.size + 1, peaks }
}

export function frontierRoot(hash: Hash, { peaks }: Frontier): Uint8Array {
  const last = peaks.at(-1)
  if (last === undefined) return emptyRoot(hash)
  return peaks.slice(0, -1).reduceRight((root, peak) => nodeHash(hash, peak, root), last)
}
