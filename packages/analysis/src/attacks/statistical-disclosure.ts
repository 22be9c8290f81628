/** How many messages each receiver got in one round, as a watcher counts them. */
export type RoundCounts = readonly number[]

/** The share of all messages that each receiver gets: over rounds in which the target sent nothing, the background. */
export function receiverShares(rounds: readonly RoundCounts[]): readonly number[] {
  const totals = new Array<number>(rounds[0]?.length ?? 0).fill(0)
  let messages = 0
  for (const received of rounds) {
    for (let receiver = 0; receiver < totals.length; receiver++) {
      totals[receiver] = (totals[receiver] ?? 0) + (received[receiver] ?? 0)
      messages += received[receiver] ?? 0
    }
  }
  return totals.map((total) => (messages > 0 ? total / messages : 0))
}

/**
 * Statistical disclosure (Danezis 2003; background measured as in Mathewson and Dingledine 2004): an estimate of how the target's messages
 * spread over the receivers, from the rounds in which it sent one of the `batch` messages.
 */
export const discloseReceivers = (rounds: readonly RoundCounts[], background: readonly number[], batch: number): readonly number[] =>
  receiverShares(rounds).map((share, receiver) => batch * share - (batch - 1) * (background[receiver] ?? 0))

/** Receivers whose estimate is above half of what a contact of one target with `contacts` equal contacts would have. */
export function likelyContacts(estimate: readonly number[], contacts: number): ReadonlySet<number> {
  return new Set(estimate.flatMap((share, receiver) => (share > 1 / (2 * contacts) ? [receiver] : [])))
}

/** Rounds of observation needed for `deviations` standard deviations between contacts and others (Danezis 2003). */
export function roundsNeeded(options: {
  readonly receivers: number
  readonly contacts: number
  readonly batch: number
  readonly deviations: number
}): number {
  const { receivers, contacts, batch, deviations } = options
  const background = ((receivers - 1) / (receivers * receivers)) * (batch - 1)
  const root = contacts * deviations * (Math.sqrt(background) + Math.sqrt(background + (contacts - 1) / (contacts * contacts)))
  return root * root
}
