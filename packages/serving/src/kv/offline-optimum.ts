import type { Chain, PrefixHits } from './prefix-replay.ts'

/**
 * Belady's optimum with bypass: after each request the blocks whose next use is farthest are dropped, the request's own included.
 * It needs the whole future, so no real policy reaches it: the upper bound of every hit ratio.
 */
export function optimalHits(blocks: number, chains: readonly Chain[]): PrefixHits {
  const uses = nextUses(chains)
  const cache = new FarthestFirst()
  let references = 0
  let hits = 0
  chains.forEach((chain, request) => {
    const next = uses[request] ?? []
    let run = 0
    while (run < chain.length && cache.has(chain[run] as number)) run++
    hits += run
    references += chain.length
    for (let index = 0; index < chain.length; index++) cache.put(chain[index] as number, next[index] as number, index)
    while (cache.size() > blocks) cache.dropFarthest()
  })
  return { references, hits }
}

/** For each block reference, the number of the next request that asks for the same block. */
function nextUses(chains: readonly Chain[]): Float64Array[] {
  const seen = new Map<number, number>()
  const uses: Float64Array[] = new Array(chains.length)
  for (let request = chains.length - 1; request >= 0; request--) {
    const chain = chains[request] ?? []
    const next = new Float64Array(chain.length)
    for (let index = 0; index < chain.length; index++) {
      next[index] = seen.get(chain[index] as number) ?? Number.POSITIVE_INFINITY
      seen.set(chain[index] as number, request)
    }
    uses[request] = next
  }
  return uses
}

interface Entry {
  readonly key: number
  readonly next: number
  readonly depth: number
}

/** A max-heap by next use, then depth. Entries made stale by a later `put` are skipped when they surface. */
class FarthestFirst {
  readonly #current = new Map<number, Entry>()
  readonly #heap: Entry[] = []

  has(key: number): boolean {
    return this.#current.has(key)
  }

  size(): number {
    return this.#current.size
  }

  put(key: number, next: number, depth: number): void {
    const entry = { key, next, depth }
    this.#current.set(key, entry)
    let position = this.#heap.push(entry) - 1
    while (position > 0) {
      const parent = (position - 1) >> 1
      if (!farther(entry, this.#heap[parent] as Entry)) break
      this.#heap[position] = this.#heap[parent] as Entry
      position = parent
    }
    this.#heap[position] = entry
  }

  dropFarthest(): void {
    for (;;) {
      const top = this.#heap[0]
      if (top === undefined) return
      this.#removeTop()
      if (this.#current.get(top.key) !== top) continue
      this.#current.delete(top.key)
      return
    }
  }

  #removeTop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    let position = 0
    for (let child = 1; child < this.#heap.length; child = 2 * position + 1) {
      const right = this.#heap[child + 1]
      if (right !== undefined && farther(right, this.#heap[child] as Entry)) child++
      if (!farther(this.#heap[child] as Entry, last)) break
      this.#heap[position] = this.#heap[child] as Entry
      position = child
    }
    this.#heap[position] = last
  }
}

const farther = (left: Entry, right: Entry): boolean => left.next > right.next || (left.next === right.next && left.depth > right.depth)
