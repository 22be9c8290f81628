import type { Cryptography, PeerId } from '@infermesh/kernel'
import { concatBytes, hashOf } from '../derive.ts'
import type { Directory } from '../network.ts'
import type { AuditStage } from '../statements/index.ts'
import { publicKeyOf } from '../wire/peer-id.ts'
import { fromHex, toHex } from '../wire/schema.ts'

type Hash = Cryptography['hash']

/** Seats of a stage, and how many of them must agree. A network with too few verifiers seats all, and asks for more than two thirds. */
export function sortition(stage: AuditStage, directory: Directory): { readonly size: number; readonly quorum: number } {
  const { audit } = directory.genesis.parameters
  const verifiers = directory.all('verifier').length
  if (stage === 'first') return { size: Math.min(audit.firstLook, verifiers), quorum: 1 }
  const { size, quorum } = audit[stage]
  return verifiers >= size ? { size, quorum } : { size: verifiers, quorum: Math.floor((2 * verifiers) / 3) + 1 }
}

export interface Ballot {
  readonly beacon: string
  readonly receipt: string
  readonly stage: AuditStage
  /** Verifiers who had a seat before come last: an appeal is heard by others as far as there are others. */
  readonly seated: readonly PeerId[]
}

/** The lowest tickets SHA-256(beacon ‖ receipt ‖ verifier) get the seats. */
export function drawSeats(hash: Hash, directory: Directory, ballot: Ballot): readonly PeerId[] {
  const front = concatBytes(fromHex(ballot.beacon), fromHex(ballot.receipt))
  const before = new Set(ballot.seated)
  const tickets = directory.all('verifier').map(({ peerId }) => ({
    peerId,
    ticket: `${before.has(peerId) ? 1 : 0}${toHex(hashOf(hash, front, publicKeyOf(peerId)))}`,
  }))
  tickets.sort((left, right) => (left.ticket < right.ticket ? -1 : 1))
  return tickets.slice(0, sortition(ballot.stage, directory).size).map(({ peerId }) => peerId)
}

/** Is this receipt looked at? The beacon came after the receipt was logged, so nobody could choose a receipt that is not. */
export function isDrawn(hash: Hash, beacon: string, receipt: string, ratePerMille: number): boolean {
  const digest = hashOf(hash, fromHex(beacon), fromHex(receipt))
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  return (view.getUint32(0) / 0x100000000) * 1000 < ratePerMille
}
