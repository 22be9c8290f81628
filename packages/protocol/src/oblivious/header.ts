import { concat, u8, u16, u16At } from './bytes.ts'
import { isSealingAead, KDF_SHA256, KEM_X25519, KEY_LENGTH, type SealingAead } from './primitives.ts'
import { fail, type Result, succeed } from './result.ts'

/** What a sealed request says in clear: which key, which suite (RFC 9458 §4.1). 7 bytes, and 32 more with the encapsulated key. */
export interface RequestHeader {
  readonly keyId: number
  readonly aead: SealingAead
}

export const HEADER_LENGTH = 7
export const PREFIX_LENGTH = HEADER_LENGTH + KEY_LENGTH

export const encodeHeader = (header: RequestHeader): Uint8Array =>
  concat(u8(header.keyId), u16(KEM_X25519), u16(KDF_SHA256), u16(header.aead))

export function decodeHeader(bytes: Uint8Array): Result<RequestHeader, 'malformed' | 'unknown-suite'> {
  if (bytes.length < PREFIX_LENGTH)
    return fail('malformed', `sealed request: expected at least ${PREFIX_LENGTH} bytes, got ${bytes.length}`)
  const [kem, kdf, aead] = [u16At(bytes, 1), u16At(bytes, 3), u16At(bytes, 5)]
  if (kem !== KEM_X25519 || kdf !== KDF_SHA256 || !isSealingAead(aead)) {
    return fail('unknown-suite', `sealed request: no such suite here: KEM ${kem}, KDF ${kdf}, AEAD ${aead}`)
  }
  return succeed({ keyId: bytes[0] ?? 0, aead })
}

/** The HPKE info string: label, a zero byte, header. */
export const requestInfo = (label: Uint8Array, header: RequestHeader): Uint8Array => concat(label, u8(0), encodeHeader(header))
