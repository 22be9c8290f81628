import type { Random } from '@infermesh/kernel'
import { type Presence, roundsToOne } from '../attacks/intersection.ts'
import { discloseReceivers, likelyContacts, type RoundCounts, receiverShares, roundsNeeded } from '../attacks/statistical-disclosure.ts'
import { type Law, near, within } from '../laws/law.ts'
import { mean } from './draws.ts'

/** Rounds until only the target was present in all of them. */
export const intersection = (peers: number, presence: number, options: { readonly trials: number; readonly actual?: number }): Law => ({
  name: `privacy.intersection.${peers}-${presence}`,
  source: 'E[rounds to one] = Σ_t 1 − (1 − p^t)^(N−1)',
  run: (random) => {
    let expected = 0
    for (let power = 1; power * peers > 1e-9; power *= presence) expected += 1 - Math.exp((peers - 1) * Math.log1p(-power))
    const everyone = Array.from({ length: peers }, (_, index) => index)
    const trial = () => roundsToOne(everyone, presenceRounds(random, options.actual ?? presence)) ?? 0
    const rounds = Array.from({ length: options.trials }, trial)
    return near(expected, mean(rounds), 0.02)
  },
})

/** Peer 0 is the target; the others come and go, each round anew. */
function* presenceRounds(random: Random, presence: number): Generator<Presence<number>> {
  for (;;) yield { has: (peer) => peer === 0 || random.next() < presence }
}

export interface DisclosureCase {
  readonly receivers: number
  readonly contacts: number
  readonly batch: number
  readonly deviations: 2 | 3
}

/** Share of the target's contacts that are found after the number of rounds that the formula asks for. */
export const disclosure = (options: DisclosureCase, share = 1): Law => ({
  name: `privacy.disclosure.${options.receivers}-${options.contacts}-${options.batch}.sigma-${options.deviations}`,
  source: 'statistical disclosure: contacts found after the rounds of Danezis 2003',
  run: (random) => {
    const rounds = Math.ceil(roundsNeeded(options) * share)
    // The formula takes the background as known, so it is measured over many more rounds than the target's.
    const background = receiverShares(Array.from({ length: BACKGROUND_ROUNDS }, () => countRound(random, options, false)))
    const found = Array.from({ length: TRIALS }, () => {
      const sightings = Array.from({ length: rounds }, () => countRound(random, options, true))
      return contactShare(discloseReceivers(sightings, background, options.batch), options.contacts)
    })
    // The rounds are a bound that is met on average: to find more is no failure.
    return options.deviations === 2 ? within(0.95, mean(found), [0.92 - NOISE, 1]) : within(0.994, mean(found), [0.99 - NOISE, 1])
  },
})

/** Share of the target's contacts, which are the first receivers, that an estimate points at. */
function contactShare(estimate: readonly number[], contacts: number): number {
  const likely = likelyContacts(estimate, contacts)
  return Array.from({ length: contacts }, (_, contact) => contact).filter((contact) => likely.has(contact)).length / contacts
}

/** Everyone but the target writes to anyone. */
function countRound(random: Random, options: DisclosureCase, targetSent: boolean): RoundCounts {
  const received = new Array<number>(options.receivers).fill(0)
  for (let message = 0; message < options.batch; message++) {
    const receiver = random.below(targetSent && message === 0 ? options.contacts : options.receivers)
    received[receiver] = (received[receiver] ?? 0) + 1
  }
  return received
}

const TRIALS = 40
/** Of a share, over the trials. */
const NOISE = 0.02
const BACKGROUND_ROUNDS = 10_000

export const disclosureLaws: readonly Law[] = [
  intersection(1000, 0.5, { trials: 1500 }),
  intersection(10_000, 0.9, { trials: 400 }),
  ...[
    { receivers: 1000, contacts: 10, batch: 50 },
    { receivers: 1000, contacts: 20, batch: 50 },
    { receivers: 1000, contacts: 20, batch: 20 },
  ].flatMap((options) => [disclosure({ ...options, deviations: 2 }), disclosure({ ...options, deviations: 3 })]),
]
