/** Index of the first item whose value is at least `least`, by halving; the items are in rising order of it. */
export function firstAtLeast<Item>(items: readonly Item[], least: number, ordinal: (item: Item) => number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const item = items[middle]
    if (item !== undefined && ordinal(item) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** At most `most` of them, at equal distances: what takes all pairs of very many would take for ever. */
export function thinned<Item>(items: readonly Item[], most: number): readonly Item[] {
  const step = items.length / most
  return step <= 1
    ? items
    : Array.from({ length: most }, (_, index) => items[Math.floor(index * step)]).filter((item) => item !== undefined)
}
