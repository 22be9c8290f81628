import { emit } from '@infermesh/kernel'
import { type Envelope, type PeerEffect, type Signer, toHex } from '@infermesh/protocol'
import { evidenceOf, type LedgerEvent, type Step } from '@infermesh/protocol/ledger'

export interface Finalized {
  readonly checkpoint: Envelope<'checkpoint'>
  readonly round: number
  readonly step: Step
}

/** What a final block did, as the trace says it. `find` gives log entries; evidence for slashes is signed by this settler. */
export function settledEvents(
  { checkpoint, round, step }: Finalized,
  find: (id: string) => Envelope | undefined,
  signer: Signer,
): PeerEffect[] {
  const { block } = checkpoint.payload
  const { height, logSize, logRoot } = block
  // What this settler worked out itself; the block only says the same.
  const { stateRoot } = step.head
  const counts = { height, round, entries: block.entries.length, logSize }
  return [
    emit({ type: 'blockFinal', ...counts, logRoot, stateRoot, checkpoint: checkpoint.id }),
    ...step.events.flatMap((event) => traced(event, find, { signer, time: block.time })),
    emit({ type: 'balances', height, total: step.head.total, escrow: step.head.escrow, stateRoot }),
  ]
}

function traced(event: LedgerEvent, find: (id: string) => Envelope | undefined, by: { signer: Signer; time: number }): PeerEffect[] {
  switch (event.type) {
    case 'entryLogged':
    case 'leafSettled':
    case 'receiptVoid':
      return [emit(event)]
    case 'slashed': {
      const { proof, ...slashed } = event
      const statement = evidenceOf(
        event,
        proof.flatMap((id) => find(id) ?? []),
      )
      return [emit({ ...slashed, evidence: toHex(by.signer.sign('evidence', statement, by.time).bytes) })]
    }
    // Verifiers tell of audits themselves: who was seated, and what came of it.
    case 'auditOpened':
    case 'auditClosed':
      return []
  }
}
