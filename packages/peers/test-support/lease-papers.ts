import { attestedDataOf, type Envelope, type MessageOf } from '@infermesh/protocol'
import { nodeCryptography } from './cryptography.ts'
import { measurement, model } from './private-world.ts'
import type { SmallNetwork } from './small-network.ts'

export interface Papers {
  readonly manifest: Envelope<'manifest'>
  readonly delegation: Envelope<'delegation'>
  /** Shows the delegated code at the standby, under one epoch. */
  attestation(epoch: number, change?: { readonly measurement?: string; readonly subject?: string }): Envelope<'attestation'>
  /** What the standby asks a grantor. */
  ask(epoch: number): MessageOf<'AskLease'>
  /** What the owner asks a grantor. */
  ownerAsk(epoch: number): MessageOf<'AskLease'>
  revocation(): Envelope<'revocation'>
}

export const lastsUntil = 1_000_000

/** The signed papers of one private model: `operator-0` owns it, `operator-1` is its standby. */
export function leasePapers(network: SmallNetwork): Papers {
  const owner = network.signerOf('operator-0')
  const standby = network.idOf('operator-1')
  const manifest = owner.sign(
    'manifest',
    {
      ...{ model, visibility: 'private', verifyTier: 'attestation', engineBuild: 'reference-1' },
      ...{ weightsRoot: '11'.repeat(32), blob: '22'.repeat(32), blobBytes: 1000 },
      ...{ pricePromptPerMillion: 1, priceAnswerPerMillion: 1 },
    },
    0,
  )
  const nonce = '33'.repeat(16)
  const terms = {
    priority: 0,
    temperature: 'hot',
    notBefore: 0,
    expires: lastsUntil,
    maxPriceAnswerPerMillion: 1,
    measurement,
    nonce,
  } as const
  const delegation = owner.sign('delegation', { model, audience: standby, ...terms }, 0)
  const attestation: Papers['attestation'] = (epoch, change = {}) => {
    const userData = attestedDataOf(nodeCryptography.hash, standby, model, epoch)
    const statement = { measurement: change.measurement ?? measurement, userData, nonce: new Uint8Array(16).fill(0x33) }
    return network.servicesOf(change.subject ?? 'operator-1').attest(statement, 0)
  }
  return {
    ...{ manifest, delegation, attestation },
    ask: (epoch) => ({
      ...{ type: 'AskLease', model, epoch, manifest: manifest.bytes },
      ...{ delegation: [delegation.bytes], attestation: [attestation(epoch).bytes] },
    }),
    ownerAsk: (epoch) => ({ type: 'AskLease', model, epoch, manifest: manifest.bytes, delegation: [], attestation: [] }),
    revocation: () => owner.sign('revocation', { model, delegation: delegation.id }, 0),
  }
}
