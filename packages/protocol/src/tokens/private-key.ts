import { decodeCbor, encodeCbor } from '../wire/cbor.ts'
import { DecodeFailed } from '../wire/decode-failed.ts'
import { byteLength, bytesOf, numberOf } from './numbers.ts'
import type { RsaPrivateKey } from './rsa.ts'

/** An issuer's private key as it lies on the issuer's own disk. It travels nowhere. */
export const encodeRsaPrivateKey = ({ n, e, d, p, q }: RsaPrivateKey): Uint8Array =>
  encodeCbor([n, e, d, p, q].map((value) => bytesOf(value, byteLength(value))))

/** Throws `DecodeFailed` for bytes of another form: the disk is damaged. */
export function decodeRsaPrivateKey(raw: Uint8Array): RsaPrivateKey {
  const parts = decodeCbor(raw)
  if (!isNumbers(parts)) throw new DecodeFailed('issuer key', 'five numbers', 'something else')
  const [n = 0n, e = 0n, d = 0n, p = 0n, q = 0n] = parts.map(numberOf)
  return { n, e, d, p, q }
}

const isNumbers = (parts: unknown): parts is readonly Uint8Array[] =>
  Array.isArray(parts) && parts.length === 5 && parts.every((part) => part instanceof Uint8Array)
