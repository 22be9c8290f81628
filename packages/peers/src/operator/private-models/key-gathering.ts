import { type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import { combineShares } from '../../grantor/authority/protocol-parts.ts'
import type { Call } from './call.ts'
import type { CallBook } from './call-book.ts'
import type { HeldLease } from './lease-keeper.ts'
import { quiet, type Step } from './step.ts'

export type GatheringNews = { readonly type: 'opened'; readonly weights: Uint8Array } | { readonly type: 'short' }

export interface GatheringOptions {
  readonly model: string
  readonly lease: HeldLease
  readonly round: number
  readonly services: PeerServices
  readonly calls: CallBook<Call>
}

/** A forged share spoils every combination that it is in; so many are tried before the round is given up. */
const combinationsMax = 256

/** Asks all grantors for their shares of a model's key, under the new lease, until some of them open the weights. */
export class KeyGathering {
  readonly round: number
  readonly #options: GatheringOptions
  readonly #shares = new Map<PeerId, Uint8Array>()
  #waiting: number
  #tried = 0

  constructor(options: GatheringOptions) {
    this.round = options.round
    this.#options = options
    this.#waiting = options.services.directory.all('grantor').length
  }

  ask(): readonly PeerEffect[] {
    const { model, lease, round, services, calls } = this.#options
    const { delegation, attestation, envelope } = lease
    if (delegation === undefined) return []
    const message: Message = {
      type: 'ReleaseShare',
      model,
      lease: envelope.bytes,
      delegation: delegation.bytes,
      attestation: attestation.bytes,
    }
    const timeout: Millis = services.directory.genesis.parameters.heartbeatEvery
    return services.directory.all('grantor').map(({ peerId: to }) => {
      const callId = calls.open({ model, part: 'share', round, grantor: to })
      return request<Message>({ callId, to, stream: 'key-release', message, timeout })
    })
  }

  /** `open` gives the plain weights when the key is right. */
  onShare(grantor: PeerId, message: Message | undefined, open: (key: Uint8Array) => Uint8Array | undefined): Step<GatheringNews> {
    this.#waiting--
    const weights = message?.type === 'ShareReleased' ? this.#tryWith(grantor, message.share, open) : undefined
    if (weights !== undefined) return { effects: [], news: { type: 'opened', weights } }
    return this.#waiting > 0 ? quiet : { effects: [], news: { type: 'short' } }
  }

  #tryWith(grantor: PeerId, share: Uint8Array, open: (key: Uint8Array) => Uint8Array | undefined): Uint8Array | undefined {
    const { quorum } = this.#options.services.directory.genesis.parameters.lease
    const others = [...this.#shares.values()]
    this.#shares.set(grantor, share)
    for (const chosen of combinations(others, quorum - 1)) {
      if (this.#tried++ >= combinationsMax) return undefined
      const key = combineShares([share, ...chosen])
      const weights = key === undefined ? undefined : open(key)
      if (weights !== undefined) return weights
    }
    return undefined
  }
}

function* combinations<T>(items: readonly T[], count: number): Generator<readonly T[]> {
  if (count === 0) yield []
  if (count === 0 || items.length < count) return
  const [first, ...rest] = items
  if (first === undefined) return
  for (const chosen of combinations(rest, count - 1)) yield [first, ...chosen]
  yield* combinations(rest, count)
}
