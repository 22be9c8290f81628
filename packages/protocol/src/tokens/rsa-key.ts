import { hexToBytes } from '@noble/hashes/utils.js'
import { concat, sameBytes } from '../oblivious/bytes.ts'
import { fail, type Result, succeed } from '../oblivious/result.ts'
import { byteLength, bytesOf, numberOf } from './numbers.ts'
import type { RsaPublicKey } from './rsa.ts'

/** SubjectPublicKeyInfo of an RSASSA-PSS key with SHA-384, MGF1 and a 48-byte salt, as RFC 9578 §6.5 publishes it. */
export function encodeRsaKey(key: RsaPublicKey): Uint8Array {
  const numbers = der(0x30, concat(derInteger(key.n), derInteger(key.e)))
  return der(0x30, concat(ALGORITHM, der(0x03, concat(Uint8Array.of(0), numbers))))
}

/** Reads exactly what `encodeRsaKey` writes: a key in another form would have another key id. */
export function decodeRsaKey(bytes: Uint8Array): Result<RsaPublicKey, 'malformed'> {
  const info = contentsOf(bytes, 0x30)
  const bits = info && contentsOf(info.subarray(ALGORITHM.length), 0x03)
  const numbers = bits && contentsOf(bits.subarray(1), 0x30)
  const n = numbers && contentsOf(numbers, 0x02)
  const e = numbers && n && contentsOf(numbers.subarray(der(0x02, n).length), 0x02)
  if (!n || !e) return fail('malformed', 'RSA key: expected a SubjectPublicKeyInfo')
  const key = { n: numberOf(n), e: numberOf(e) }
  if (key.n < 3n || key.e < 3n || !sameBytes(encodeRsaKey(key), bytes)) {
    return fail('malformed', 'RSA key: expected RSASSA-PSS with SHA-384, MGF1 and a salt of 48 bytes, in DER')
  }
  return succeed(key)
}

function der(tag: number, contents: Uint8Array): Uint8Array {
  const size = contents.length
  if (size < 0x80) return concat(Uint8Array.of(tag, size), contents)
  if (size < 0x100) return concat(Uint8Array.of(tag, 0x81, size), contents)
  return concat(Uint8Array.of(tag, 0x82, size >>> 8, size & 0xff), contents)
}

function derInteger(value: bigint): Uint8Array {
  const bytes = bytesOf(value, byteLength(value))
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes)
}

/** The contents of the element that `bytes` starts with. */
function contentsOf(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const [found, first = 0, second = 0, third = 0] = bytes
  const [start, length] = first < 0x80 ? [2, first] : first === 0x81 ? [3, second] : [4, (second << 8) | third]
  if (found !== tag || first > 0x82 || first === 0x80 || bytes.length < start + length) return undefined
  return bytes.subarray(start, start + length)
}

/** AlgorithmIdentifier: id-RSASSA-PSS with its three parameters. */
const ALGORITHM = hexToBytes(
  '303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a203020130',
)
