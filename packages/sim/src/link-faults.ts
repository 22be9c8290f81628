import { assert, type Millis } from '@infermesh/kernel'
import type { LinkFilter, LinkRule, Transit, Verdict } from './link-rule.ts'

/** No message passes and nobody is told: connections stay open and silent. */
export const jam = (filter: LinkFilter): LinkRule => chosen(filter, () => 'drop')

/** Connections break at once, and new ones are refused. */
export const cut = (filter: LinkFilter): LinkRule => chosen(filter, () => 'reset')

/** Adds `by` ms, and up to `jitter` ms more, drawn evenly. */
export const delay = (filter: LinkFilter, by: Millis, jitter: Millis = 0): LinkRule =>
  chosen(filter, (transit) => ({ type: 'delay', by: by + transit.random.next() * jitter }))

/** A retransmission on a stream costs at least this, in ms: the floor that common TCP stacks use. */
const RETRANSMIT_MS = 200
const RETRANSMITS_MAX = 6

/**
 * Loses messages with a probability. On a stream the loss shows as the time until a retransmission gets through, which doubles
 * with each further loss.
 */
export function loss(filter: LinkFilter, probability: number): LinkRule {
  assert(probability >= 0 && probability <= 1, `expected a probability, got ${probability}`)
  return chosen(filter, (transit) => lose(transit, probability))
}

export interface BurstOptions {
  /** Chance that a good link turns bad with a message, and that a bad one recovers. */
  readonly worsen: number
  readonly recover: number
  /** Loss while bad. */
  readonly probability: number
}

/** Loss in bursts (Gilbert-Elliott): each direction of a link is good or bad, and loses only while bad. */
export function burstLoss(filter: LinkFilter, options: BurstOptions): LinkRule {
  const bad = new Set<string>()
  return chosen(filter, (transit) => {
    const link = `${transit.from} ${transit.to}`
    const isBad = bad.has(link) ? transit.random.next() >= options.recover : transit.random.next() < options.worsen
    if (!isBad) {
      bad.delete(link)
      return 'pass'
    }
    bad.add(link)
    return lose(transit, options.probability)
  })
}

/** Holds back a share of messages by up to `by` ms, so that others overtake them. Order within a stream stays. */
export const reorder = (filter: LinkFilter, probability: number, by: Millis): LinkRule =>
  chosen(filter, (transit) => (transit.random.next() < probability ? { type: 'delay', by: transit.random.next() * by } : 'pass'))

/** Sends a share of gossip messages twice. Streams are never doubled: their transport removes copies. */
export const duplicate = (filter: LinkFilter, probability: number, after: Millis): LinkRule =>
  chosen(filter, (transit) =>
    transit.channel === 'gossip' && transit.random.next() < probability
      ? { type: 'duplicate', after: transit.random.next() * after }
      : 'pass',
  )

/** Breaks a connection with a probability at each message. */
export const connectionLoss = (filter: LinkFilter, probability: number): LinkRule =>
  chosen(filter, (transit) => (transit.channel === 'stream' && transit.random.next() < probability ? 'reset' : 'pass'))

const chosen =
  (filter: LinkFilter, verdict: (transit: Transit) => Verdict): LinkRule =>
  (transit) =>
    filter(transit) ? verdict(transit) : 'pass'

function lose(transit: Transit, probability: number): Verdict {
  if (transit.random.next() >= probability) return 'pass'
  if (transit.channel !== 'stream') return 'drop'
  let wait = RETRANSMIT_MS
  let step = RETRANSMIT_MS
  for (let tries = 1; tries < RETRANSMITS_MAX && transit.random.next() < probability; tries++) {
    step *= 2
    wait += step
  }
  return { type: 'delay', by: wait }
}
