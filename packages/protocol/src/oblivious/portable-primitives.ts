import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import type { Cipher } from '@noble/ciphers/utils.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from './bytes.ts'
import { AEAD, type HpkePrimitives, type KeyPair, type SealingKey, TAG_LENGTH } from './primitives.ts'

/** HPKE's arithmetic in plain JavaScript: runs anywhere, and is the reference for faster back ends. */
export const portablePrimitives: HpkePrimitives = {
  name: 'portable',
  keyPair: (secret) => ({ secret, publicKey: x25519.getPublicKey(secret) }),
  sharedSecret: agree,
  sha256: (bytes) => sha256(bytes),
  hmac: (key, parts) => hmac(sha256, key, concat(...parts)),
  seal: (key, plaintext) => cipherOf(key).encrypt(plaintext),
  open: openSealed,
}

function agree(own: KeyPair, peer: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(own.secret, peer)
  } catch (error) {
    // The library refuses an all-zero result, which is the one thing a well-formed 32-byte key can do wrong.
    if (error instanceof Error && error.message.includes('invalid private or public key')) return undefined
    throw error
  }
}

function openSealed(key: SealingKey, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_LENGTH) return undefined
  try {
    return cipherOf(key).decrypt(sealed)
  } catch (error) {
    if (error instanceof Error && /tag/.test(error.message)) return undefined
    throw error
  }
}

const cipherOf = (key: SealingKey): Cipher =>
  key.aead === AEAD.chaCha20Poly1305 ? chacha20poly1305(key.key, key.nonce, key.aad) : gcm(key.key, key.nonce, key.aad)
