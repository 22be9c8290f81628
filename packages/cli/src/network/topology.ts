import { randomFrom } from '@infermesh/kernel'

/** Links each peer makes besides those that others make to it. Gossipsub's mesh degree is 8, and each link serves both ends. */
const LINKS = 5

/**
 * Who dials whom: every peer dials up to five earlier ones, the settlers all earlier settlers, a client its gateways only.
 * Earlier ones, so that each link has one dialler.
 */
export function topologyOf(
  seed: number,
  peers: readonly { readonly name: string; readonly role: string }[],
): ReadonlyMap<string, readonly string[]> {
  const random = randomFrom(seed).fork('topology')
  const members = peers.filter((peer) => peer.role !== 'client')
  const gateways = members.filter((peer) => peer.role === 'gateway').map((peer) => peer.name)
  const links = new Map<string, readonly string[]>()
  members.forEach((peer, index) => {
    const earlier = members.slice(0, index)
    const chosen = new Set(peer.role === 'settler' ? earlier.filter((other) => other.role === 'settler').map((other) => other.name) : [])
    const wanted = Math.min(index, Math.max(LINKS, chosen.size))
    while (chosen.size < wanted) {
      const other = earlier[random.below(earlier.length)]
      if (other !== undefined) chosen.add(other.name)
    }
    links.set(peer.name, [...chosen])
  })
  for (const peer of peers) if (peer.role === 'client') links.set(peer.name, gateways)
  return links
}
