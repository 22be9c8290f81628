import { DecodeFailed, type Envelope, openAs, type SealingContext } from '@infermesh/protocol'
import { quorumOf } from '@infermesh/protocol/ledger'
import type { Attachment } from './consensus.ts'
import type { SettlerParts } from './settler-parts.ts'

/** The round in which the proposed block has had a quorum of prevotes, if the proposal shows them all. */
export function shownIn(
  proposal: Pick<Envelope<'proposal'>['payload'], 'height' | 'validRound' | 'grounds'>,
  blockId: string,
  { ledger, settlers }: Pick<SettlerParts, 'ledger' | 'settlers'>,
): Attachment | undefined {
  const { rules } = ledger
  const round = proposal.validRound - 1
  const isFor = (vote: Envelope<'vote'>['payload']): boolean =>
    vote.kind === 'prevote' && vote.height === proposal.height && vote.round === round && vote.blockId === blockId
  const signers = proposal.grounds
    .flatMap((raw) => opened(raw, rules.sealing) ?? [])
    .filter((vote) => isFor(vote.payload) && settlers.includes(vote.signer))
    .map(({ signer }) => signer)
  return new Set(signers).size < quorumOf(settlers.length, rules.waived) ? undefined : { round, blockId }
}

function opened(raw: Uint8Array, sealing: SealingContext): Envelope<'vote'> | undefined {
  try {
    return openAs('vote', raw, sealing)
  } catch (failure) {
    // A liar proposed it: its other prevotes may still be a quorum.
    if (failure instanceof DecodeFailed) return undefined
    throw failure
  }
}
