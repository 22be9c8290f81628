import type { GossipVerdict } from '@infermesh/kernel'
import { carries, type Directory, type Envelope, type Role, type StatementType } from '@infermesh/protocol'

/** Which roles may sign what is gossiped. Statements that never travel by gossip are absent. */
const signers: Partial<Record<StatementType, readonly Role[]>> = {
  manifest: ['operator'],
  delegation: ['operator'],
  revocation: ['operator'],
  capacity: ['operator'],
  memoryDigest: ['operator'],
  lease: ['operator'],
  leaseRelease: ['operator'],
  receipt: ['operator'],
  verdictCommit: ['verifier'],
  verdictReveal: ['verifier'],
  evidence: ['verifier', 'settler', 'gateway', 'operator'],
  proposal: ['settler'],
  vote: ['settler'],
  checkpoint: ['settler'],
  keyConfig: ['gateway'],
  tokenKey: ['issuer'],
  tokenOrder: ['client'],
  tokenPayout: ['issuer'],
}

/** The checks that every role makes alike: the topic carries this kind, and its signer has the role for it. Size, form and signature came before. */
export function admit(directory: Directory, topic: string, envelope: Envelope): GossipVerdict {
  if (!carries(topic, envelope.type)) return 'reject'
  const role = directory.member(envelope.signer)?.role
  return role !== undefined && signers[envelope.type]?.includes(role) ? 'accept' : 'reject'
}
