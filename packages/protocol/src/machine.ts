import type { Cryptography, Effect, Input, Machine, PeerIdentity, Random } from '@infermesh/kernel'
import type { Envelope } from './envelope.ts'
import type { LedgerRule } from './ledger/rules.ts'
import type { Message } from './messages/index.ts'
import type { Directory } from './network.ts'
import type { ObliviousServices } from './oblivious/services.ts'

/** The kernel's machine, over this protocol's messages and envelopes. */
export type PeerMachine = Machine<Message, Envelope>
export type PeerInput = Input<Message, Envelope>
export type PeerEffect = Effect<Message, Envelope>

/** What a world hands to every role at construction, beside the role's own configuration. */
export interface PeerServices {
  readonly identity: PeerIdentity
  readonly directory: Directory
  readonly crypto: Cryptography
  readonly random: Random
  /** Rules of the ledger that a planted bug leaves out; no network sets it. */
  readonly waived?: ReadonlySet<LedgerRule>
  /** Only at peers that seal, open, sell or take payment blindly. */
  readonly oblivious?: ObliviousServices
  /** The simulated platform under this peer: signs attestations for the code that runs here, and no other. */
  readonly attest: (
    statement: { readonly measurement: string; readonly userData: string; readonly nonce: Uint8Array },
    now: number,
  ) => Envelope<'attestation'>
}
