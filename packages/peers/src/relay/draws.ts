/** Draws from fresh secret bytes: what hides an order in time must not be a seed that others know. */

/** Uniform in [0, 1), 48 bits. */
export function uniformOf(entropy: (length: number) => Uint8Array): number {
  return entropy(6).reduce((sum, byte) => sum * 256 + byte, 0) / 0x1000000000000
}

export const exponentialOf = (entropy: (length: number) => Uint8Array, mean: number): number => -mean * Math.log(1 - uniformOf(entropy))

/** All items, in an order drawn anew. */
export function shuffled<Item>(items: readonly Item[], entropy: (length: number) => Uint8Array): Item[] {
  const drawn = [...items]
  for (let last = drawn.length - 1; last > 0; last--) {
    const other = Math.floor(uniformOf(entropy) * (last + 1))
    const [left, right] = [drawn[last], drawn[other]]
    if (left === undefined || right === undefined) continue
    drawn[last] = right
    drawn[other] = left
  }
  return drawn
}
