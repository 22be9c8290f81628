import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import type { PeerIdentity } from '@infermesh/kernel'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'

/** Equal labels, equal keys. */
export function identityOf(label: string): PeerIdentity {
  const privateKey = new Uint8Array(createHash('sha256').update(label).digest())
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), privateKey])
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(-32))
  const raw = new Uint8Array(Buffer.concat([privateKey, publicKey]))
  return { peerId: peerIdFromPrivateKey(privateKeyFromRaw(raw)).toString(), publicKey, privateKey }
}
