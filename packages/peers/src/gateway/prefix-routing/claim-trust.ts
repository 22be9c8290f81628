import type { Millis, PeerId } from '@infermesh/kernel'

/** What the first token's time would be if a claim to hold a prompt's front were true, and if it were not. */
export interface Claim {
  readonly withMs: Millis
  readonly withoutMs: Millis
}

interface Standing {
  readonly trust: number
  readonly at: Millis
}

/**
 * How far an operator's claims are believed, from 0 to 1. Who is late, as if it had to compute what it claimed to hold, is believed
 * less; belief comes back slowly, because a queue that nobody saw looks the same.
 */
export class ClaimTrust {
  readonly #byPeer = new Map<PeerId, Standing>()

  of(peer: PeerId, now: Millis): number {
    const standing = this.#byPeer.get(peer)
    if (standing === undefined) return 1
    return 1 - (1 - standing.trust) * Math.exp((standing.at - now) / FORGIVEN_AFTER)
  }

  /** A first token came so long after its dispatch. Claims that would save next to nothing say nothing of honesty. */
  measured(peer: PeerId, claim: Claim, tookMs: Millis, now: Millis): void {
    if (claim.withoutMs - claim.withMs < WORTH_JUDGING) return
    const kept = tookMs <= claim.withMs + BENEFIT_OF_DOUBT * (claim.withoutMs - claim.withMs) ? 1 : 0
    this.#byPeer.set(peer, { trust: this.of(peer, now) * (1 - STEP) + kept * STEP, at: now })
  }
}

const STEP = 0.2
/** Share of what a claim promised to save that a queue may eat before the claim is doubted. */
const BENEFIT_OF_DOUBT = 0.8
const WORTH_JUDGING: Millis = 100
const FORGIVEN_AFTER: Millis = 600_000
