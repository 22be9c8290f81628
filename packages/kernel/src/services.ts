import type { AnyEnvelope, AnyMessage } from './machine.ts'
import type { PeerId } from './units.ts'

/**
 * Pure functions that a world hands to a machine at construction. `real` runs the curves; `sized` returns bytes of the right
 * length and must lead to the same decisions.
 */
export interface Cryptography {
  /** SHA-256, 32 bytes. */
  hash(bytes: Uint8Array): Uint8Array
  /** Ed25519, 64 bytes. */
  sign(privateKey: Uint8Array, bytes: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean
  /** AES-256-GCM: nonce (12) ‖ ciphertext ‖ tag (16). The nonce comes from the caller, so equal inputs give equal bytes. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** `undefined` when the tag does not match. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  /**
   * What `make` made of equal bytes before; the first time, of a copy of them. Only where many peers share one process. The result must follow
   * from `purpose` and the bytes alone, and nobody may change it; what `make` throws is not remembered. `kept`: results of this purpose worth
   * keeping, where a few will do.
   */
  once?<T extends object>(purpose: string, bytes: Uint8Array, make: (copy: Uint8Array) => T, kept?: number): T
}

/** Who a peer is. Keys are Ed25519: 32-byte seed, 32-byte public key. */
export interface PeerIdentity {
  readonly peerId: PeerId
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/** How a world turns messages and envelopes into bytes, without knowing any of them. Decoders throw on hostile bytes. */
export interface Codec<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> {
  encodeMessage(message: M): Uint8Array
  decodeMessage(bytes: Uint8Array): M
  /** Checks size, form and signature, in this order. The signature check may be skipped for bytes seen before. */
  decodeEnvelope(topic: string, bytes: Uint8Array): E
}
