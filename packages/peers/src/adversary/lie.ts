import type { Millis, PeerId, PeerIdentity } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerServices } from '@infermesh/protocol'
import type { LieKind } from './lie-kinds.ts'

/** What one peer is told to lie about. Survives a structured clone. Times are on the peer's own clock. */
export interface Lie {
  readonly kind: LieKind
  readonly from: Millis
  readonly until?: Millis
  /** Chance of each opportunity, 0 to 1. */
  readonly share: number
  /** Whom it censors, accuses or protects; nobody means everybody. */
  readonly victims: readonly PeerId[]
  /** How late delayed statements are. */
  readonly late: Millis
  /** How often something is flooded, a second. */
  readonly perSecond: number
  /** Made-up identities that no genesis knows. */
  readonly masks?: readonly PeerIdentity[]
}

/** One way to lie, around a machine that does not know of it. */
export interface Trick {
  /** What it must hear that its machine does not subscribe to. */
  readonly topics?: readonly string[]
  /** Learns from what the peer hears, whether it lies now or not. */
  hear?(input: PeerInput): void
  /** What the peer does instead of what its machine wants. Asked only while the lie is on. */
  act(effects: readonly PeerEffect[], now: Millis): readonly PeerEffect[]
  /** Its own timer came: `isOn` tells whether the lie is. */
  wake?(now: Millis, isOn: boolean): readonly PeerEffect[]
}

export interface TrickParts {
  readonly lie: Lie
  readonly services: PeerServices
  /** Draws whether this opportunity is used. */
  readonly chance: () => boolean
  /** The record that a lie was told. */
  readonly told: (what: string) => PeerEffect
  /** Wakes the trick after this long. */
  readonly sleep: (after: Millis) => PeerEffect
}
