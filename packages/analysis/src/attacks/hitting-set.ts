/**
 * Every set of at most `sizeMax` receivers that meets all rounds (Kesdogan and Pimenidis 2004): the target's contacts are one of them, and
 * known for certain once it is the only one. `limit` bounds the search; more are not looked for.
 */
export function hittingSets<Peer>(rounds: readonly ReadonlySet<Peer>[], sizeMax: number, limit = 1000): readonly ReadonlySet<Peer>[] {
  const found = new Map<string, ReadonlySet<Peer>>()
  const search = (chosen: readonly Peer[]): void => {
    if (found.size >= limit) return
    const missed = rounds.find((round) => !chosen.some((peer) => round.has(peer)))
    if (!missed) {
      found.set([...chosen].map(String).sort().join('\n'), new Set(chosen))
      return
    }
    if (chosen.length < sizeMax) for (const peer of missed) search([...chosen, peer])
  }
  search([])
  return [...found.values()].filter(
    (set) => ![...found.values()].some((other) => other.size < set.size && [...other].every((peer) => set.has(peer))),
  )
}
