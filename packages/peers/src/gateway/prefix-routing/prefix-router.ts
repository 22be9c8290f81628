import type { Millis, PeerId, Random } from '@infermesh/kernel'
import type { Envelope } from '@infermesh/protocol'
import { promptKeys } from '../../operator/engine/prompt-keys.ts'
import { type Candidate, pick } from '../routing.ts'
import { clientOf, modelOf, requestOf, type Session } from '../session.ts'
import { type Claim, ClaimTrust } from './claim-trust.ts'
import { type Front, MemoryView } from './memory-view.ts'

export interface PrefixRoutingOptions {
  /** Digests come a few times more rarely than load, and are believed as many times as long. */
  readonly loadStaleAfter: Millis
  /** A holder that would take so many times as long as the best other is passed over, so that the other becomes a holder too. */
  readonly replicateAt: number
}

type KeysFor = (blockTokens: number) => ArrayLike<number>

interface Estimate {
  readonly peer: PeerId
  readonly costMs: Millis
  readonly overlapTokens: number
  readonly claim: Claim
}

interface Attempt {
  readonly peer: PeerId
  /** The whole prompt's front, as this operator names it. */
  readonly front: Omit<Front, 'at'> | undefined
  /** Prompt tokens that it has to compute. */
  readonly unread: number
  readonly at: Millis
  readonly claim: Claim | undefined
}

/**
 * Sends a prompt to where its front is in memory, unless the way through that operator's queue is longer than computing it elsewhere:
 * the least of waiting and reading time, by the operators' digests, this gateway's own dispatches, and how far each is believed.
 */
export class PrefixRouter {
  readonly #options: PrefixRoutingOptions
  readonly #random: Random
  readonly #view: MemoryView
  readonly #trust = new ClaimTrust()
  readonly #attempts = new Map<string, Attempt>()

  constructor(options: PrefixRoutingOptions, random: Random) {
    this.#options = options
    this.#random = random
    this.#view = new MemoryView(options.loadStaleAfter * BEATS_PER_DIGEST)
  }

  hear(digest: Envelope<'memoryDigest'>, now: Millis): void {
    this.#view.hear(digest, now)
  }

  /** Picks from at least one candidate. Where nobody holds anything, the less loaded of two. */
  pick(session: Session, candidates: readonly Candidate[], now: Millis): PeerId {
    const keysFor = namesOf(session)
    const estimates = this.#estimates(session, candidates, keysFor, now)
    const holders = estimates.filter(({ overlapTokens }) => overlapTokens > 0)
    const cheapest = leastOf(estimates)
    const shared = requestOf(session).session?.publicTokens ?? 0
    // Where more than a shared front lies is the conversation's home. Leaving it costs every later turn, not this one alone.
    const home = leastOf(holders.filter(({ overlapTokens }) => overlapTokens > shared))
    const holder = home ?? leastOf(holders)
    const patience = home === undefined ? 0 : PATIENCE
    const isWorthIt =
      holder !== undefined && cheapest !== undefined && holder.costMs <= cheapest.costMs * this.#options.replicateAt + patience
    const chosen = isWorthIt ? holder : undefined
    const peer = chosen?.peer ?? this.#lessLoaded(candidates, holder?.peer)
    const overlap = estimates.find((estimate) => estimate.peer === peer)?.overlapTokens ?? 0
    const keys = keysFor(this.#view.blockTokens(peer) ?? Number.POSITIVE_INFINITY)
    const front = keys.length === 0 ? undefined : { key: keys[keys.length - 1] as number, blocks: keys.length }
    this.#began(session, { peer, front, unread: requestOf(session).promptTokens - overlap, at: now, claim: chosen?.claim })
    return peer
  }

  /** The first tokens of an attempt came: its operator has shown what its claim was worth. */
  answered(session: Session, now: Millis): void {
    const attempt = this.#attempts.get(session.opened.requestId)
    if (attempt === undefined) return
    if (attempt.claim !== undefined) this.#trust.measured(attempt.peer, attempt.claim, now - attempt.at, now)
    if (attempt.front !== undefined) this.#view.read(attempt.peer, { ...attempt.front, at: now })
    this.ended(session)
  }

  /** The attempt is over, or has begun to answer. */
  ended({ opened }: Session): void {
    const attempt = this.#attempts.get(opened.requestId)
    if (attempt === undefined) return
    this.#attempts.delete(opened.requestId)
    this.#view.settled(attempt.peer, opened.requestId)
  }

  #began(session: Session, attempt: Attempt): void {
    const { requestId } = session.opened
    this.ended(session)
    this.#attempts.set(requestId, attempt)
    this.#view.sent(attempt.peer, requestId, { tokens: attempt.unread, at: attempt.at })
  }

  #estimates(session: Session, candidates: readonly Candidate[], keysFor: KeysFor, now: Millis): Estimate[] {
    return candidates.flatMap(({ peer }) => {
      const standing = this.#view.standing(peer, keysFor, now)
      if (standing === undefined) return []
      const { waitingTokens, msPerToken } = standing
      const trust = this.#trust.of(peer, now)
      // Who has claimed more than it held too often holds nothing, as far as anyone should plan.
      const overlapTokens = trust < BELIEVED ? 0 : standing.overlapTokens
      const ahead = waitingTokens + requestOf(session).promptTokens + session.tokens.length
      const unread = ahead - waitingTokens - overlapTokens * trust
      const claim = { withMs: (ahead - overlapTokens) * msPerToken + PATH, withoutMs: ahead * msPerToken + PATH }
      return [{ peer, overlapTokens, costMs: (waitingTokens + READING_WEIGHT * unread) * msPerToken + PATH, claim }]
    })
  }

  /** A holder that was passed over is no choice. */
  #lessLoaded(candidates: readonly Candidate[], passedOver: PeerId | undefined): PeerId {
    const others = candidates.filter(({ peer }) => peer !== passedOver)
    const from = others.length > 0 ? others : candidates
    return pick(from, { policy: 'power-of-two', random: this.#random, weigh: () => '' })
  }
}

/** Names of the prompt's blocks, made once for each block size. */
function namesOf(session: Session): KeysFor {
  const keyed = {
    ...{ model: modelOf(session), client: clientOf(session) },
    ...{ prompt: session.opened.prompt, session: requestOf(session).session },
  }
  const named = new Map<number, ArrayLike<number>>()
  return (blockTokens) => {
    const keys = named.get(blockTokens) ?? (blockTokens === Number.POSITIVE_INFINITY ? [] : promptKeys(keyed, blockTokens).keys)
    named.set(blockTokens, keys)
    return keys
  }
}

function leastOf(estimates: readonly Estimate[]): Estimate | undefined {
  return estimates.reduce<Estimate | undefined>(
    (best, other) => (best === undefined || other.costMs < best.costMs ? other : best),
    undefined,
  )
}

/** A conversation waits this much longer at its home than elsewhere before it moves. */
const PATIENCE: Millis = 2_000
const BELIEVED = 0.5
const BEATS_PER_DIGEST = 4
/** What is read again delays all who wait behind it, and takes the place of what others will come back for. */
const READING_WEIGHT = 6
/** What a way there and back costs, about; it keeps estimates of next to nothing from being compared. */
const PATH: Millis = 50
