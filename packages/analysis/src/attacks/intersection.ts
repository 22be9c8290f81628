/** Candidates left after the rounds in which the target was active: those present in all of them. */
export function intersect<Peer>(rounds: readonly ReadonlySet<Peer>[]): ReadonlySet<Peer> {
  const [first = new Set<Peer>(), ...rest] = rounds
  return new Set([...first].filter((peer) => rest.every((round) => round.has(peer))))
}

/** Who was seen in a round. Asked once for each candidate that is left. */
export interface Presence<Peer> {
  has(peer: Peer): boolean
}

/** How many rounds it took until one candidate was left, or `undefined` if more are left at the end. */
export function roundsToOne<Peer>(candidates: readonly Peer[], rounds: Iterable<Presence<Peer>>): number | undefined {
  let left = candidates
  let count = 0
  for (const round of rounds) {
    count += 1
    left = left.filter((peer) => round.has(peer))
    if (left.length <= 1) return count
  }
  return undefined
}
