/** AEADs of the HPKE registry (RFC 9180 §7.3). */
export const AEAD = { aes128Gcm: 0x0001, aes256Gcm: 0x0002, chaCha20Poly1305: 0x0003, exportOnly: 0xffff } as const
export type SealingAead = 0x0001 | 0x0002 | 0x0003
export type AeadId = SealingAead | 0xffff

export const KEM_X25519 = 0x0020
export const KDF_SHA256 = 0x0001
/** Length in bytes of an X25519 key, public or secret, and of an encapsulated key. */
export const KEY_LENGTH = 32
export const HASH_LENGTH = 32
export const NONCE_LENGTH = 12
export const TAG_LENGTH = 16

export const isSealingAead = (id: number): id is SealingAead => id === 0x0001 || id === 0x0002 || id === 0x0003

/** Key length in bytes. An export-only suite has no key. */
export function aeadKeyLength(aead: AeadId): number {
  if (aead === AEAD.exportOnly) return 0
  return aead === AEAD.aes128Gcm ? 16 : 32
}

export interface SealingKey {
  readonly aead: SealingAead
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
}

/** An X25519 key pair. A back end may keep what it derived under these very arrays, so their bytes never change. */
export interface KeyPair {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
}

/**
 * The arithmetic under HPKE, synchronous and without randomness of its own. Real back ends give the same bytes;
 * `sized` gives bytes of the same lengths and the same yes or no.
 */
export interface HpkePrimitives {
  readonly name: string
  /** The key pair of a 32-byte secret. Made ahead of time it is a pool: sealing then costs one multiplication. */
  keyPair(secret: Uint8Array): KeyPair
  /** X25519; `undefined` for a public key of low order, whose result is zero (RFC 9180 §7.1.4). */
  sharedSecret(own: KeyPair, peer: Uint8Array): Uint8Array | undefined
  sha256(bytes: Uint8Array): Uint8Array
  /** HMAC-SHA-256 of the parts one after the other, 32 bytes. */
  hmac(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array
  /** Ciphertext ‖ 16-byte tag. */
  seal(key: SealingKey, plaintext: Uint8Array): Uint8Array
  /** `undefined` when the tag does not match. */
  open(key: SealingKey, sealed: Uint8Array): Uint8Array | undefined
}
