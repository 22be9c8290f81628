import { utf8ToBytes } from '@noble/hashes/utils.js'
import { concat, u16 } from './bytes.ts'
import { type AeadId, aeadKeyLength, HASH_LENGTH, KDF_SHA256, KEM_X25519, KEY_LENGTH, NONCE_LENGTH } from './primitives.ts'

/** What stands before the input of each labelled extract, and before the info of each labelled expand (RFC 9180 §4), for one suite. */
export interface SuiteLabels {
  readonly pskIdHash: Uint8Array
  readonly infoHash: Uint8Array
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly baseNonce: Uint8Array
  readonly exporter: Uint8Array
  /** For an export of `length` bytes. */
  exported(length: number): Uint8Array
}

const VERSION = utf8ToBytes('HPKE-v1')

const extractLabel = (suite: Uint8Array, label: string): Uint8Array => concat(VERSION, suite, utf8ToBytes(label))
const expandLabel = (suite: Uint8Array, label: string, length: number): Uint8Array => concat(u16(length), extractLabel(suite, label))

const KEM_SUITE = concat(utf8ToBytes('KEM'), u16(KEM_X25519))

/** The labels of the key encapsulation, which knows no AEAD. */
export const KEM_LABELS = {
  deriveRoot: extractLabel(KEM_SUITE, 'dkp_prk'),
  deriveSecret: expandLabel(KEM_SUITE, 'sk', KEY_LENGTH),
  agreeRoot: extractLabel(KEM_SUITE, 'eae_prk'),
  sharedSecret: expandLabel(KEM_SUITE, 'shared_secret', HASH_LENGTH),
} as const

const known = new Map<AeadId, SuiteLabels>()

/** The same for all contexts of a suite, so each suite's are made once. */
export function suiteLabels(aead: AeadId): SuiteLabels {
  const labels = known.get(aead) ?? madeLabels(aead)
  known.set(aead, labels)
  return labels
}

function madeLabels(aead: AeadId): SuiteLabels {
  const suite = concat(utf8ToBytes('HPKE'), u16(KEM_X25519), u16(KDF_SHA256), u16(aead))
  const exported = extractLabel(suite, 'sec')
  return {
    pskIdHash: extractLabel(suite, 'psk_id_hash'),
    infoHash: extractLabel(suite, 'info_hash'),
    secret: extractLabel(suite, 'secret'),
    key: expandLabel(suite, 'key', aeadKeyLength(aead)),
    baseNonce: expandLabel(suite, 'base_nonce', NONCE_LENGTH),
    exporter: expandLabel(suite, 'exp', HASH_LENGTH),
    exported: (length) => concat(u16(length), exported),
  }
}
