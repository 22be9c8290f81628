import { assert } from '@infermesh/kernel'
import { concat, EMPTY, sequenceNonce, u8 } from './bytes.ts'
import { expand, extract } from './hkdf.ts'
import { KEM_LABELS, type SuiteLabels, suiteLabels } from './hpke-labels.ts'
import {
  AEAD,
  type AeadId,
  aeadKeyLength,
  HASH_LENGTH,
  type HpkePrimitives,
  KEY_LENGTH,
  type KeyPair,
  NONCE_LENGTH,
  type SealingAead,
} from './primitives.ts'
import { fail, type Result, succeed } from './result.ts'

export type HpkeCode = 'bad-key' | 'decrypt-failed'

/** What both ends agree on before any key: suite, mode, info and pre-shared key (RFC 9180 §5.1), worked out once for many contexts. */
export interface HpkeTerms {
  readonly aead: AeadId
  readonly labels: SuiteLabels
  readonly schedule: Uint8Array
  readonly psk: Uint8Array
}

export interface PresharedKey {
  readonly key: Uint8Array
  readonly id: Uint8Array
}

/** Mode is PSK where `psk` is given, base otherwise. */
export function hpkeTerms(
  primitives: HpkePrimitives,
  options: { readonly aead: AeadId; readonly info: Uint8Array; readonly psk?: PresharedKey },
): HpkeTerms {
  const { aead, info, psk } = options
  if (psk)
    assert(psk.key.length >= 32 && psk.id.length > 0, `expected a pre-shared key of 32 bytes or more with an id, got ${psk.key.length}`)
  const labels = suiteLabels(aead)
  const idHash = extract(primitives, EMPTY, [labels.pskIdHash, psk?.id ?? EMPTY])
  const infoHash = extract(primitives, EMPTY, [labels.infoHash, info])
  return { aead, labels, schedule: concat(u8(psk ? 1 : 0), idHash, infoHash), psk: psk?.key ?? EMPTY }
}

/** DeriveKeyPair of RFC 9180 §7.1.3: the pair that key material of 32 bytes or more stands for. */
export function deriveKeyPair(primitives: HpkePrimitives, material: Uint8Array): KeyPair {
  assert(material.length >= KEY_LENGTH, `expected at least ${KEY_LENGTH} bytes of key material, got ${material.length}`)
  const root = extract(primitives, EMPTY, [KEM_LABELS.deriveRoot, material])
  return primitives.keyPair(expand(primitives, root, [KEM_LABELS.deriveSecret], KEY_LENGTH))
}

/** The sending end. `ephemeral` must be new for each context: used twice, it links the two and repeats their nonces. */
export function setupSender(
  primitives: HpkePrimitives,
  terms: HpkeTerms,
  keys: { readonly recipient: Uint8Array; readonly ephemeral: KeyPair },
): Result<HpkeSender, 'bad-key'> {
  const { recipient, ephemeral } = keys
  const shared = kemSecret(primitives, { own: ephemeral, peer: recipient, enc: ephemeral.publicKey, recipient })
  if (!shared) return badKey(recipient)
  return succeed(new HpkeSender(primitives, scheduleKeys(primitives, terms, shared), ephemeral.publicKey))
}

/** The receiving end, for the 32-byte encapsulated key that came with the message. */
export function setupRecipient(
  primitives: HpkePrimitives,
  terms: HpkeTerms,
  keys: { readonly recipient: KeyPair; readonly enc: Uint8Array },
): Result<HpkeRecipient, 'bad-key'> {
  const { recipient, enc } = keys
  const shared = kemSecret(primitives, { own: recipient, peer: enc, enc, recipient: recipient.publicKey })
  if (!shared) return badKey(enc)
  return succeed(new HpkeRecipient(primitives, scheduleKeys(primitives, terms, shared)))
}

const badKey = (key: Uint8Array) =>
  fail('bad-key', `expected an X25519 public key of ${KEY_LENGTH} bytes and full order, got ${key.length} bytes`)

/** Messages sealed by one context open only in the order they were sealed. */
export class HpkeSender {
  readonly enc: Uint8Array
  readonly #primitives: HpkePrimitives
  readonly #keys: ContextKeys
  #sequence = 0

  constructor(primitives: HpkePrimitives, keys: ContextKeys, enc: Uint8Array) {
    this.#primitives = primitives
    this.#keys = keys
    this.enc = enc
  }

  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const { key, nonce } = sealingKeys(this.#primitives, this.#keys)
    const sealed = this.#primitives.seal({ aead: sealing(this.#keys), key, nonce: sequenceNonce(nonce, this.#sequence), aad }, plaintext)
    this.#sequence += 1
    return sealed
  }

  export(context: Uint8Array, length: number): Uint8Array {
    return exportSecret(this.#primitives, this.#keys, { context, length })
  }
}

export class HpkeRecipient {
  readonly #primitives: HpkePrimitives
  readonly #keys: ContextKeys
  #sequence = 0

  constructor(primitives: HpkePrimitives, keys: ContextKeys) {
    this.#primitives = primitives
    this.#keys = keys
  }

  /** A message that fails to open does not advance the sequence. */
  open(aad: Uint8Array, sealed: Uint8Array): Result<Uint8Array, 'decrypt-failed'> {
    const { key, nonce } = sealingKeys(this.#primitives, this.#keys)
    const opened = this.#primitives.open({ aead: sealing(this.#keys), key, nonce: sequenceNonce(nonce, this.#sequence), aad }, sealed)
    if (!opened) return fail('decrypt-failed', `message ${this.#sequence} of ${sealed.length} bytes does not open under this context`)
    this.#sequence += 1
    return succeed(opened)
  }

  export(context: Uint8Array, length: number): Uint8Array {
    return exportSecret(this.#primitives, this.#keys, { context, length })
  }
}

/** The key schedule's secret, and the keys made from it when they are first needed. */
export interface ContextKeys {
  readonly terms: HpkeTerms
  readonly secret: Uint8Array
  sealing: { readonly key: Uint8Array; readonly nonce: Uint8Array } | undefined
}

interface Encapsulation {
  readonly own: KeyPair
  readonly peer: Uint8Array
  readonly enc: Uint8Array
  readonly recipient: Uint8Array
}

function kemSecret(primitives: HpkePrimitives, keys: Encapsulation): Uint8Array | undefined {
  if (keys.peer.length !== KEY_LENGTH) return undefined
  const shared = primitives.sharedSecret(keys.own, keys.peer)
  if (!shared) return undefined
  const root = extract(primitives, EMPTY, [KEM_LABELS.agreeRoot, shared])
  return expand(primitives, root, [KEM_LABELS.sharedSecret, keys.enc, keys.recipient], HASH_LENGTH)
}

function scheduleKeys(primitives: HpkePrimitives, terms: HpkeTerms, shared: Uint8Array): ContextKeys {
  return { terms, secret: extract(primitives, shared, [terms.labels.secret, terms.psk]), sealing: undefined }
}

function sealingKeys(primitives: HpkePrimitives, keys: ContextKeys): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  if (keys.sealing) return keys.sealing
  const { labels, schedule, aead } = keys.terms
  const key = expand(primitives, keys.secret, [labels.key, schedule], aeadKeyLength(aead))
  const nonce = expand(primitives, keys.secret, [labels.baseNonce, schedule], NONCE_LENGTH)
  keys.sealing = { key, nonce }
  return keys.sealing
}

function sealing(keys: ContextKeys): SealingAead {
  assert(keys.terms.aead !== AEAD.exportOnly, 'an export-only context neither seals nor opens')
  return keys.terms.aead
}

function exportSecret(primitives: HpkePrimitives, keys: ContextKeys, exported: { readonly context: Uint8Array; readonly length: number }) {
  const { labels, schedule } = keys.terms
  const exporter = expand(primitives, keys.secret, [labels.exporter, schedule], HASH_LENGTH)
  return expand(primitives, exporter, [labels.exported(exported.length), exported.context], exported.length)
}
