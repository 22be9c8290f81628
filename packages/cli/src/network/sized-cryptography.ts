import { createHash, hash } from 'node:crypto'
import type { Cryptography } from '@infermesh/kernel'
import { nodeCryptography } from '@infermesh/protocol/node'
import { publicKeys } from './shared-cryptography.ts'

/**
 * Stand-ins for signatures, of the same 64 bytes: a hash of the statement under a secret of the signer's that only the world can work out.
 * Without the private key nobody in the world makes one, so what is forged or changed is refused as ever. Outside the world they prove
 * nothing. Hashes and seals stay real: they are names, and cheap.
 */
export function sizedCryptography(world: string): Cryptography {
  const publicKeyOf = publicKeys()
  const secrets = new Map<string, Uint8Array>()
  const secretOf = (publicKey: Uint8Array): Uint8Array => {
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1')
    const known = secrets.get(name) ?? createHash('sha256').update(`infermesh stand-in ${world} `).update(publicKey).digest()
    secrets.set(name, known)
    return known
  }
  const standIn = (publicKey: Uint8Array, bytes: Uint8Array): Uint8Array => {
    const secret = secretOf(publicKey)
    // On both sides: a bare front would let whoever has one make another, of more bytes.
    return hash('sha512', Buffer.concat([secret, bytes, secret]), 'buffer')
  }
  return {
    ...nodeCryptography,
    sign: (privateKey, bytes) => standIn(publicKeyOf(privateKey), bytes),
    verify: (publicKey, bytes, signature) => Buffer.compare(standIn(publicKey, bytes), signature) === 0,
  }
}
