import type { PeerId, PeerIdentity } from '@infermesh/kernel'
import type { Envelope, Signer } from '@infermesh/protocol'
import type { Ledger, RevealChain } from '@infermesh/protocol/ledger'
import type { Archive } from './archive.ts'
import type { Mempool } from './mempool.ts'

/** What the parts of one settler share. */
export interface SettlerParts {
  readonly identity: PeerIdentity
  readonly ledger: Ledger
  readonly signer: Signer
  /** In genesis order, which is the order of turns. */
  readonly settlers: readonly PeerId[]
  readonly reveals: RevealChain
  readonly archive: Archive
  readonly mempool: Mempool
  /** Entries for a block of its own. */
  readonly candidates: () => readonly Envelope[]
}
