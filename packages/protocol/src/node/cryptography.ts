import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import type { Cryptography, PeerIdentity } from '@infermesh/kernel'
import { peerIdFromKey } from '../wire/peer-id.ts'

/** DER wrappings of a raw Ed25519 key (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEYS_KEPT = 4096

/** Parsing a key costs as much as using it, and a network has few: parsed ones are kept, the oldest dropped first. */
function keyCache(parse: (raw: Uint8Array) => KeyObject): (raw: Uint8Array) => KeyObject {
  const kept = new Map<string, KeyObject>()
  return (raw) => {
    const name = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1')
    const known = kept.get(name)
    if (known !== undefined) return known
    const key = parse(raw)
    kept.set(name, key)
    if (kept.size > KEYS_KEPT) kept.delete(kept.keys().next().value as string)
    return key
  }
}

const privateKeyOf = keyCache((raw) => createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, raw]), format: 'der', type: 'pkcs8' }))
const publicKeyObject = keyCache((raw) => createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' }))

/** Node gives a digest as text in less than half the time of one as a buffer. */
function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(latin1.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = latin1.charCodeAt(index)
  return bytes
}

/** The real curves, hashes and ciphers, by Node's own library, synchronously. */
export const nodeCryptography: Cryptography = {
  hash: (bytes) => bytesOf(hash('sha256', bytes, 'binary')),
  sign: (privateKey, bytes) => signBytes(null, bytes, privateKeyOf(privateKey)),
  verify(publicKey, bytes, signature) {
    try {
      return verifyBytes(null, bytes, publicKeyObject(publicKey), signature)
    } catch {
      // The 32 bytes are not a point of the curve: nobody can have signed with them.
      return false
    }
  },
  seal(key, nonce, plaintext) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(key, sealed) {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    } catch {
      // The tag does not match: a wrong key or changed bytes, which callers treat alike.
      return undefined
    }
  },
}

const identities = new WeakMap<Uint8Array, PeerIdentity>()

/** The peer of a 32-byte Ed25519 seed. Nobody may change the seed afterwards: plan, world and machine ask for the same one, and get it made once. */
export function identityFromSeed(seed: Uint8Array): PeerIdentity {
  const known = identities.get(seed)
  if (known !== undefined) return known
  const publicKey = new Uint8Array(createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(-32))
  const identity = { peerId: peerIdFromKey(publicKey), publicKey, privateKey: seed }
  identities.set(seed, identity)
  return identity
}

/** A peer's key seed from the run's seed and its name: the same network has the same keys, run after run. */
export const seedOf = (networkSeed: string, name: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`infermesh key ${networkSeed} ${name}`).digest())
