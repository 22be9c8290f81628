import type { Random } from '@infermesh/kernel'

/** Messages of the job, and the second each starts at. */
export const MESSAGES = 20
const LINKS_DRAWN = 8

/** Each peer draws eight new neighbours; links are mutual, so the mean degree is 16. */
export function floodGraph(peers: number, random: Random): number[][] {
  const neighbours: number[][] = Array.from({ length: peers }, () => [])
  neighbours.forEach((mine, peer) => {
    for (let added = 0; added < LINKS_DRAWN; ) {
      const other = random.below(peers)
      if (other === peer || mine.includes(other)) continue
      mine.push(other)
      neighbours[other]?.push(peer)
      added++
    }
  })
  return neighbours
}

/** What a run of the job counted. */
export interface FloodResult {
  readonly deliveries: number
  readonly events: number
  readonly seconds: number
  /** Processor time of all threads, which a busy machine does not stretch. */
  readonly cpuSeconds: number
  readonly rssMiB: number
}

/** The counts that any correct run gives, whatever the order of events. */
export const expectedCounts = (peers: number): { deliveries: number; events: number } => ({
  deliveries: MESSAGES * peers,
  events: MESSAGES * (15 * peers + 2),
})
