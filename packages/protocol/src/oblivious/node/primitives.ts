import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hash,
  type KeyObject,
} from 'node:crypto'
import { latin1Bytes, sameBytes } from '../bytes.ts'
import { AEAD, type HpkePrimitives, KEY_LENGTH, type KeyPair, type SealingKey, TAG_LENGTH } from '../primitives.ts'

/** HPKE's arithmetic by OpenSSL, still synchronous. Same bytes as the portable back end. */
export function nodePrimitives(): HpkePrimitives {
  const secrets = new KeyCache(importSecret)
  const publics = new KeyCache(importPublic)
  return {
    name: 'node',
    keyPair: (secret) => ({ secret, publicKey: agreed(secrets.get(secret), BASE_POINT) }),
    sharedSecret: (own, peer) => agree(secrets.get(own.secret), publics.get(peer)),
    sha256,
    hmac,
    seal,
    open,
  }
}

/** Key pairs made ahead of their use, in the order of their secrets: what sealing costs then is one multiplication. */
export const keyPool = (primitives: HpkePrimitives, secrets: readonly Uint8Array[]): readonly KeyPair[] =>
  secrets.map((secret) => primitives.keyPair(secret))

/** Key objects under the very arrays they came from. The copy guards against a caller who reuses an array for other bytes. */
class KeyCache {
  readonly #entries = new WeakMap<Uint8Array, { readonly copy: Uint8Array; readonly key: KeyObject }>()
  readonly #load: (bytes: Uint8Array) => KeyObject

  constructor(load: (bytes: Uint8Array) => KeyObject) {
    this.#load = load
  }

  get(bytes: Uint8Array): KeyObject {
    const known = this.#entries.get(bytes)
    if (known && sameBytes(known.copy, bytes)) return known.key
    const key = this.#load(bytes)
    this.#entries.set(bytes, { copy: new Uint8Array(bytes), key })
    return key
  }
}

function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | undefined {
  try {
    return agreed(privateKey, publicKey)
  } catch (error) {
    // OpenSSL refuses an all-zero result; both keys were imported, so nothing else can be wrong with them.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_OSSL')) return undefined
    throw error
  }
}

// Plain arrays, not Node's buffers: `slice` means another thing on those.
const agreed = (privateKey: KeyObject, publicKey: KeyObject): Uint8Array => new Uint8Array(diffieHellman({ privateKey, publicKey }))

// A string of one character per byte costs a third of a buffer, which the runtime takes from a pool.
const sha256 = (bytes: Uint8Array): Uint8Array => latin1Bytes(hash('sha256', bytes, 'binary'))

// Two one-shot hashes take a fraction of the time of a streaming HMAC object on inputs this short. Their input is laid out in two arrays
// that live as long as the module: nothing here is ever in use twice at a time.
function hmac(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  if (key.length > BLOCK) return hmac(sha256(key), parts)
  const length = parts.reduce((total, part) => total + part.length, BLOCK)
  const inner = length <= INNER.length ? INNER : new Uint8Array(length)
  for (let index = 0; index < BLOCK; index++) {
    const byte = key[index] ?? 0
    inner[index] = byte ^ 0x36
    OUTER[index] = byte ^ 0x5c
  }
  let offset = BLOCK
  for (const part of parts) {
    inner.set(part, offset)
    offset += part.length
  }
  const digest = hash('sha256', inner.subarray(0, length), 'binary')
  for (let index = 0; index < digest.length; index++) OUTER[BLOCK + index] = digest.charCodeAt(index)
  return sha256(OUTER)
}

function seal(key: SealingKey, plaintext: Uint8Array): Uint8Array {
  const secret = createSecretKey(key.key)
  const options = { authTagLength: TAG_LENGTH }
  const cipher =
    key.aead === AEAD.chaCha20Poly1305
      ? createCipheriv('chacha20-poly1305', secret, key.nonce, options)
      : createCipheriv(gcmName(key), secret, key.nonce, options)
  if (key.aad.length > 0) cipher.setAAD(key.aad, { plaintextLength: plaintext.length })
  const sealed = new Uint8Array(plaintext.length + TAG_LENGTH)
  sealed.set(cipher.update(plaintext))
  cipher.final()
  sealed.set(cipher.getAuthTag(), plaintext.length)
  return sealed
}

function open(key: SealingKey, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - TAG_LENGTH
  if (length < 0) return undefined
  const secret = createSecretKey(key.key)
  const options = { authTagLength: TAG_LENGTH }
  const decipher =
    key.aead === AEAD.chaCha20Poly1305
      ? createDecipheriv('chacha20-poly1305', secret, key.nonce, options)
      : createDecipheriv(gcmName(key), secret, key.nonce, options)
  if (key.aad.length > 0) decipher.setAAD(key.aad, { plaintextLength: length })
  decipher.setAuthTag(sealed.subarray(length))
  const { buffer, byteOffset } = decipher.update(sealed.subarray(0, length))
  try {
    decipher.final()
    return new Uint8Array(buffer, byteOffset, length)
  } catch (error) {
    if (error instanceof Error && error.message.includes('unable to authenticate')) return undefined
    throw error
  }
}

const gcmName = (key: SealingKey) => (key.aead === AEAD.aes128Gcm ? 'aes-128-gcm' : 'aes-256-gcm')

const importSecret = (secret: Uint8Array): KeyObject => createPrivateKey(pem('PRIVATE', SECRET_PREFIX, secret))
const importPublic = (key: Uint8Array): KeyObject => createPublicKey(pem('PUBLIC', PUBLIC_PREFIX, key))

// The runtime takes text at once, but finds by a thrown error that an array is no key object. That is four times as slow as the import.
const pem = (kind: string, prefix: Uint8Array, key: Uint8Array): string =>
  `-----BEGIN ${kind} KEY-----\n${Buffer.concat([prefix, key]).toString('base64')}\n-----END ${kind} KEY-----\n`

const BLOCK = 64
const INNER = new Uint8Array(1024)
const OUTER = new Uint8Array(BLOCK + 32)
/** DER of an X25519 key up to its 32 bytes (RFC 8410 §4 and §7). */
const SECRET_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')
const BASE_POINT = importPublic(Uint8Array.from({ length: KEY_LENGTH }, (_, index) => (index === 0 ? 9 : 0)))
