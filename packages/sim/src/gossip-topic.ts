import type { Random } from '@infermesh/kernel'
import type { GossipSettings } from './gossip-settings.ts'

/** A subscriber's links on one topic: `mesh` gets each message at once, `others` are connected and hear of it at heartbeats. */
export interface Membership {
  readonly mesh: number[]
  readonly others: number[]
  isRepairDue: boolean
}

/** Who hears a topic, and over which links. Links are mutual, and lists hold peer indexes. */
export class GossipTopic {
  readonly name: string
  readonly index: number
  readonly members: (Membership | undefined)[] = []
  memberCount = 0
  readonly #settings: GossipSettings
  readonly #random: Random
  readonly #list: number[] = []
  readonly #place = new Map<number, number>()

  constructor(parts: { name: string; index: number; settings: GossipSettings; random: Random }) {
    this.name = parts.name
    this.index = parts.index
    this.#settings = parts.settings
    this.#random = parts.random
  }

  /** Adds a subscriber. It connects to random others and grafts some of them. */
  join(peer: number): void {
    if (this.members[peer] !== undefined) return
    const { fixedLinks, degree } = this.#settings
    if (fixedLinks !== undefined) {
      this.members[peer] = { mesh: fixedLinks(peer), others: [], isRepairDue: false }
    } else {
      const membership: Membership = { mesh: [], others: [], isRepairDue: false }
      this.members[peer] = membership
      this.connect(peer)
      for (const other of membership.others.slice(0, degree)) this.graft(peer, other)
    }
    this.#place.set(peer, this.#list.length)
    this.#list.push(peer)
    this.memberCount++
  }

  /** Removes a subscriber with its links; the result names those who were linked with it. */
  leave(peer: number): readonly number[] {
    const membership = this.members[peer]
    const place = this.#place.get(peer)
    if (membership === undefined || place === undefined) return []
    this.members[peer] = undefined
    this.memberCount--
    const last = this.#list.pop()
    if (last !== undefined && last !== peer) {
      this.#list[place] = last
      this.#place.set(last, place)
    }
    this.#place.delete(peer)
    if (this.#settings.fixedLinks !== undefined) return []
    const linked = [...membership.mesh, ...membership.others]
    for (const other of linked) {
      const theirs = this.members[other]
      if (theirs !== undefined && !remove(theirs.mesh, peer)) remove(theirs.others, peer)
    }
    return linked
  }

  /** Connects to further random subscribers, up to the number a newcomer dials. */
  connect(peer: number): void {
    const membership = this.members[peer]
    if (membership === undefined) return
    const wanted = this.#settings.dials - membership.mesh.length - membership.others.length
    for (const other of this.sample(wanted, (candidate) => this.mayLink(peer, candidate) && !isLinked(membership, candidate))) {
      membership.others.push(other)
      this.members[other]?.others.push(peer)
    }
  }

  mayLink(peer: number, other: number): boolean {
    return peer !== other && this.#settings.mayLink?.(peer, other) !== false
  }

  graft(peer: number, other: number): void {
    const mine = this.members[peer]
    const theirs = this.members[other]
    if (mine === undefined || theirs === undefined || !remove(mine.others, other)) return
    remove(theirs.others, peer)
    mine.mesh.push(other)
    theirs.mesh.push(peer)
  }

  prune(peer: number, other: number): void {
    const mine = this.members[peer]
    const theirs = this.members[other]
    if (mine === undefined || theirs === undefined || !remove(mine.mesh, other)) return
    remove(theirs.mesh, peer)
    mine.others.push(other)
    theirs.others.push(peer)
  }

  /** Up to `count` distinct random subscribers that fit. */
  sample(count: number, fits: (peer: number) => boolean): readonly number[] {
    if (count <= 0) return []
    const list = this.#list
    if (list.length <= 4 * count) return shuffled(list.filter(fits), this.#random).slice(0, count)
    const chosen = new Set<number>()
    for (let tries = 0; tries < 8 * count && chosen.size < count; tries++) {
      const candidate = list[this.#random.below(list.length)]
      if (candidate !== undefined && fits(candidate)) chosen.add(candidate)
    }
    return [...chosen]
  }
}

/** A copy in random order (Fisher and Yates). */
export function shuffled(list: readonly number[], random: Random): number[] {
  const copy = [...list]
  for (let index = copy.length - 1; index > 0; index--) {
    const other = random.below(index + 1)
    const kept = copy[index] ?? 0
    copy[index] = copy[other] ?? 0
    copy[other] = kept
  }
  return copy
}

const isLinked = (membership: Membership, peer: number): boolean => membership.mesh.includes(peer) || membership.others.includes(peer)

function remove(list: number[], item: number): boolean {
  const index = list.indexOf(item)
  if (index < 0) return false
  list.splice(index, 1)
  return true
}
