import { assert } from '@infermesh/kernel'
import { concat, u8, u16, u16At } from './bytes.ts'
import { isSealingAead, KDF_SHA256, KEM_X25519, KEY_LENGTH, type SealingAead } from './primitives.ts'
import { fail, type Result, succeed } from './result.ts'

/** A gateway's public key and the AEADs it takes, with HKDF-SHA256 (RFC 9458 §3). `keyId` is one byte. */
export interface KeyConfig {
  readonly keyId: number
  readonly publicKey: Uint8Array
  /** In the gateway's order of preference. */
  readonly aeads: readonly SealingAead[]
}

export const KEY_CONFIG_MEDIA = 'application/ohttp-keys'

export function encodeKeyConfig(config: KeyConfig): Uint8Array {
  assert(config.keyId >= 0 && config.keyId <= 0xff, `expected a key id from 0 to 255, got ${config.keyId}`)
  assert(config.publicKey.length === KEY_LENGTH, `expected a public key of ${KEY_LENGTH} bytes, got ${config.publicKey.length}`)
  assert(config.aeads.length > 0, 'expected at least one AEAD')
  const suites = config.aeads.map((aead) => concat(u16(KDF_SHA256), u16(aead)))
  return concat(u8(config.keyId), u16(KEM_X25519), config.publicKey, u16(suites.length * SUITE_LENGTH), ...suites)
}

/** The body of `application/ohttp-keys`: each config after its length. */
export const encodeKeyConfigs = (configs: readonly KeyConfig[]): Uint8Array =>
  concat(...configs.map(encodeKeyConfig).flatMap((bytes) => [u16(bytes.length), bytes]))

/**
 * Reads `application/ohttp-keys`. One encoding error discards the whole list: clients that kept different parts of a broken list
 * could be told apart. Configs with a KEM or with suites unknown here are well-formed, and left out.
 */
export function decodeKeyConfigs(bytes: Uint8Array): Result<readonly KeyConfig[], 'malformed'> {
  const configs: KeyConfig[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 2 + u16At(bytes, offset)
    if (offset + 2 > bytes.length || end > bytes.length) return fail('malformed', 'key list: a length that runs past the end')
    const config = decodeKeyConfig(bytes.subarray(offset + 2, end))
    if (!config.ok) return config
    if (config.value) configs.push(config.value)
    offset = end
  }
  return succeed(configs)
}

/** Reads one config; the value is `undefined` for one that is well-formed but not usable here. */
export function decodeKeyConfig(bytes: Uint8Array): Result<KeyConfig | undefined, 'malformed'> {
  const keyLength = KEM_KEY_LENGTHS.get(u16At(bytes, 1))
  if (bytes.length < 3) return fail('malformed', `key config: expected at least 3 bytes, got ${bytes.length}`)
  if (keyLength === undefined) return succeed(undefined)
  const suitesAt = 3 + keyLength + 2
  const suitesLength = u16At(bytes, suitesAt - 2)
  if (bytes.length !== suitesAt + suitesLength) {
    return fail('malformed', `key config: expected ${suitesAt + suitesLength} bytes by its own lengths, got ${bytes.length}`)
  }
  if (suitesLength < SUITE_LENGTH || suitesLength % SUITE_LENGTH !== 0) {
    return fail('malformed', `key config: expected suites of ${SUITE_LENGTH} bytes each, got ${suitesLength} bytes`)
  }
  const aeads: SealingAead[] = []
  for (let offset = suitesAt; offset < bytes.length; offset += SUITE_LENGTH) {
    const aead = u16At(bytes, offset + 2)
    if (u16At(bytes, offset) === KDF_SHA256 && isSealingAead(aead)) aeads.push(aead)
  }
  if (u16At(bytes, 1) !== KEM_X25519 || aeads.length === 0) return succeed(undefined)
  return succeed({ keyId: bytes[0] ?? 0, publicKey: new Uint8Array(bytes.subarray(3, 3 + KEY_LENGTH)), aeads })
}

const SUITE_LENGTH = 4
/** Public key lengths of the HPKE KEM registry, to check configs that are not used: P-256, P-384, P-521, X25519, X448, X-Wing. */
const KEM_KEY_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x0010, 65],
  [0x0011, 97],
  [0x0012, 133],
  [0x0020, 32],
  [0x0021, 56],
  [0x647a, 1216],
])
