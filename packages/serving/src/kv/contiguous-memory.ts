import { assert } from '@infermesh/kernel'

/** Memory that a request must get in one piece: what engines did before paging. Sizes in token slots. */
export interface ContiguousMemory {
  /** Where the piece starts, or `undefined` when no hole is large enough. */
  allocate(slots: number): number | undefined
  free(start: number): void
}

/** Holes of powers of two that split and join in pairs. A piece is rounded up to the next power. */
export class BuddyMemory implements ContiguousMemory {
  readonly #slots: number
  readonly #holes = new Map<number, Set<number>>()
  readonly #pieces = new Map<number, number>()

  /** A size that is no power of two becomes several trees, the largest first. */
  constructor(slots: number) {
    this.#slots = slots
    let start = 0
    while (start < slots) {
      let size = 1
      while (size * 2 <= slots - start) size *= 2
      this.#holesOf(size).add(start)
      start += size
    }
  }

  allocate(slots: number): number | undefined {
    const size = nextPowerOfTwo(slots)
    let found = size
    while (found <= this.#slots && this.#holesOf(found).size === 0) found *= 2
    const [start] = this.#holesOf(found)
    if (start === undefined) return undefined
    this.#holesOf(found).delete(start)
    for (let half = found / 2; half >= size; half /= 2) this.#holesOf(half).add(start + half)
    this.#pieces.set(start, size)
    return start
  }

  free(start: number): void {
    let size = this.#pieces.get(start)
    assert(size !== undefined, `expected the start of a piece, got ${start}`)
    this.#pieces.delete(start)
    let hole = start
    // Trees start at multiples of their size, because larger ones come first, so the sister's place is one flipped bit.
    while (this.#holesOf(size).delete(hole ^ size)) {
      hole = Math.min(hole, hole ^ size)
      size *= 2
    }
    this.#holesOf(size).add(hole)
  }

  #holesOf(size: number): Set<number> {
    const known = this.#holes.get(size)
    if (known !== undefined) return known
    const created = new Set<number>()
    this.#holes.set(size, created)
    return created
  }
}

/** The smallest hole that is large enough; neighbours join when freed. */
export class BestFitMemory implements ContiguousMemory {
  #holes: { readonly start: number; readonly size: number }[]
  readonly #pieces = new Map<number, number>()

  constructor(slots: number) {
    this.#holes = [{ start: 0, size: slots }]
  }

  allocate(slots: number): number | undefined {
    let best: { readonly start: number; readonly size: number } | undefined
    for (const hole of this.#holes) if (hole.size >= slots && (best === undefined || hole.size < best.size)) best = hole
    if (best === undefined) return undefined
    const { start, size } = best
    this.#holes = this.#holes.flatMap((hole) =>
      hole.start !== start ? [hole] : size > slots ? [{ start: start + slots, size: size - slots }] : [],
    )
    this.#pieces.set(start, slots)
    return start
  }

  free(start: number): void {
    const size = this.#pieces.get(start)
    assert(size !== undefined, `expected the start of a piece, got ${start}`)
    this.#pieces.delete(start)
    const joined: { start: number; size: number }[] = []
    for (const hole of [...this.#holes, { start, size }].sort((left, right) => left.start - right.start)) {
      const last = joined[joined.length - 1]
      if (last !== undefined && last.start + last.size === hole.start) last.size += hole.size
      else joined.push({ ...hole })
    }
    this.#holes = joined
  }
}

export function nextPowerOfTwo(value: number): number {
  let power = 1
  while (power < value) power *= 2
  return power
}
