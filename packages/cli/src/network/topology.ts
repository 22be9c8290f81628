import { type Random, randomFrom } from '@infermesh/kernel'
import type { Role, Topic } from '@infermesh/protocol'

interface Seat {
  readonly name: string
  readonly role: Role
  /** A client that asks through relays has no link to a gateway, which would tell it who is there. */
  readonly dials?: 'relay'
}

type Topics = Partial<Record<Role, readonly Topic[]>>

/** Who subscribes to what; a test holds it against the machines. */
export const listens: Topics = {
  gateway: ['models', 'capacity', 'leases', 'keys'],
  relay: ['keys'],
  issuer: ['keys', 'checkpoints'],
  operator: ['models', 'capacity', 'leases', 'checkpoints'],
  hub: ['models'],
  grantor: ['models'],
  verifier: ['checkpoints'],
  settler: ['models', 'leases', 'receipts', 'verdicts', 'evidence', 'batches', 'checkpoints', 'keys'],
}

/** Who publishes what. */
const speaks: Topics = {
  gateway: ['keys'],
  operator: ['models', 'capacity', 'leases', 'receipts'],
  hub: ['models'],
  issuer: ['receipts'],
  verifier: ['verdicts'],
  settler: ['batches', 'checkpoints', 'evidence'],
}

/** Listeners that a speaker is linked with: one may crash. */
const LISTENERS = 2
/** Links of each listener with other listeners, besides a ring of them all: gossipsub builds its mesh from them. */
const CHORDS = 2

/**
 * Who dials whom. Gossip passes from subscriber to subscriber only, so the subscribers of each topic are linked among
 * themselves, and everyone who publishes to it with two of them. A client dials its gateways, which it needs no gossip for.
 */
export function topologyOf(seed: number, seats: readonly Seat[]): ReadonlyMap<string, readonly string[]> {
  const links = new Links(seats)
  const random = randomFrom(seed).fork('topology')
  const isOblivious = seats.some(({ role }) => role === 'relay')
  for (const topic of new Set(Object.values(listens).flat())) {
    if (topic === 'keys' && !isOblivious) continue
    const listeners = seats.filter(({ role }) => listens[role]?.includes(topic))
    linkListeners(links, listeners, random.fork(topic))
    const speakers = seats.filter(({ role }) => speaks[role]?.includes(topic) && listens[role]?.includes(topic) !== true)
    for (const [index, speaker] of speakers.entries()) linkSpeaker(links, speaker, { listeners, index })
  }
  const named = (role: Role): readonly string[] => seats.filter((seat) => seat.role === role).map(({ name }) => name)
  const dialled = { gateway: named('gateway'), relay: named('relay') }
  return new Map(seats.map(({ name, role, dials }) => [name, role === 'client' ? dialled[dials ?? 'gateway'] : links.of(name)]))
}

/** A ring, so that they are one network, and chords, so that it stays one when some crash. */
function linkListeners(links: Links, listeners: readonly Seat[], random: Random): void {
  listeners.forEach((listener, index) => {
    const next = listeners[(index + 1) % listeners.length]
    if (next !== undefined) links.add(listener, next)
    // A link that serves another topic already serves this one too.
    while (links.among(listener, listeners) < Math.min(CHORDS + 2, listeners.length - 1)) {
      const other = listeners[random.below(listeners.length)]
      if (other !== undefined) links.add(listener, other)
    }
  })
}

/** In turn, so that no listener carries all the speakers. */
function linkSpeaker(
  links: Links,
  speaker: Seat,
  { listeners, index }: { readonly listeners: readonly Seat[]; readonly index: number },
): void {
  for (let step = 0; links.among(speaker, listeners) < Math.min(LISTENERS, listeners.length); step++) {
    const listener = listeners[(index + step) % listeners.length]
    if (listener !== undefined) links.add(speaker, listener)
  }
}

/** Each link is dialled by the later seat, so that it is made once. */
class Links {
  readonly #place: ReadonlyMap<string, number>
  readonly #dials = new Map<string, Set<string>>()

  constructor(seats: readonly Seat[]) {
    this.#place = new Map(seats.map(({ name }, index) => [name, index]))
  }

  add(left: Seat, right: Seat): void {
    const [earlier, later] = this.#at(left) < this.#at(right) ? [left, right] : [right, left]
    if (earlier.name === later.name) return
    const dials = this.#dials.get(later.name) ?? new Set<string>()
    this.#dials.set(later.name, dials.add(earlier.name))
  }

  of(name: string): readonly string[] {
    return [...(this.#dials.get(name) ?? [])]
  }

  among(seat: Seat, others: readonly Seat[]): number {
    return others.filter(
      (other) => this.#dials.get(seat.name)?.has(other.name) === true || this.#dials.get(other.name)?.has(seat.name) === true,
    ).length
  }

  #at({ name }: Seat): number {
    return this.#place.get(name) ?? 0
  }
}
