import { entropyBits } from './metrics.ts'

/** Sightings by a label that shows on both sides of a relay: size class, model, key id. Each label is a crowd of its own. */
export function partitionBy<Sighting>(
  sightings: readonly Sighting[],
  labelOf: (sighting: Sighting) => string,
): ReadonlyMap<string, readonly Sighting[]> {
  const parts = new Map<string, Sighting[]>()
  for (const sighting of sightings) {
    const label = labelOf(sighting)
    const part = parts.get(label)
    if (part) part.push(sighting)
    else parts.set(label, [sighting])
  }
  return parts
}

/** What the label tells: its entropy in bits, and what the partition takes from every sender's anonymity. */
export const labelBits = <Sighting>(sightings: readonly Sighting[], labelOf: (sighting: Sighting) => string): number =>
  entropyBits([...partitionBy(sightings, labelOf).values()].map((part) => part.length))
