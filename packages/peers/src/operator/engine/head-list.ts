import type { MemoryDigest } from '@infermesh/protocol'

type Head = MemoryDigest['heads'][number]
type Keys = ArrayLike<number>

/** The prompts that this operator has served last, one for each conversation and each shared front, by the names of their blocks. */
export class HeadList {
  readonly #max: number
  readonly #prompts = new Map<string, { readonly keys: Keys; readonly blocks: number }>()

  constructor(max: number) {
    this.#max = max
  }

  /** A later prompt of the same conversation takes the place of the earlier. */
  add(owner: string, keys: Keys, blocks: number): void {
    if (blocks === 0) return
    this.#prompts.delete(owner)
    this.#prompts.set(owner, { keys, blocks })
    if (this.#prompts.size > this.#max) this.#prompts.delete(this.#prompts.keys().next().value as string)
  }

  /** What of each is in memory still, the latest last. Those of which nothing is left are forgotten. */
  present(holds: (key: number) => boolean): readonly Head[] {
    const heads: Head[] = []
    for (const [owner, { keys, blocks }] of this.#prompts) {
      const left = heldBlocks(keys, blocks, holds)
      if (left === 0) this.#prompts.delete(owner)
      else heads.push(...bordersOf(left).map((border) => ({ key: keys[border - 1] as number, blocks: border })))
    }
    return heads
  }
}

/**
 * A front's whole length, and a rounder one: a prompt's last words are often not those of the next turn (what a template ends with),
 * and a name fits only if everything before it does.
 */
function bordersOf(blocks: number): readonly number[] {
  const round = Math.floor((blocks - 1) / ROUND) * ROUND
  return round > 0 ? [round, blocks] : [blocks]
}

const ROUND = 16

/** Tails are evicted first, so the blocks that are left are the first ones: the border is found by halving. */
function heldBlocks(keys: Keys, blocks: number, holds: (key: number) => boolean): number {
  let [held, lost] = [0, blocks + 1]
  while (lost - held > 1) {
    const middle = (held + lost) >> 1
    if (holds(keys[middle - 1] as number)) held = middle
    else lost = middle
  }
  return held
}
