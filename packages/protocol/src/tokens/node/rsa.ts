import { constants, createPrivateKey, createPublicKey, hash, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto'
import { byteLength, bytesOf, modInverse, numberOf } from '../numbers.ts'
import { blindWith, type RsaPrimitives, type RsaPrivateKey, type RsaPublicKey, unblindWith } from '../rsa.ts'

/** Blind RSA's arithmetic by OpenSSL, still synchronous. Same bytes as the portable back end. */
export function nodeRsa(): RsaPrimitives {
  const publicKeys = new WeakMap<RsaPublicKey, KeyObject>()
  const privateKeys = new WeakMap<RsaPrivateKey, KeyObject>()
  const power = (key: RsaPublicKey, bytes: Uint8Array) =>
    new Uint8Array(publicEncrypt({ key: cached(publicKeys, key, importPublic), padding: constants.RSA_NO_PADDING }, bytes))
  return {
    name: 'node',
    sha384: (bytes) => new Uint8Array(hash('sha384', bytes, 'buffer')),
    blind: (key, message, r) => blindWith(key, message, { r, powered: numberOf(power(key, bytesOf(r, byteLength(key.n)))) }),
    // OpenSSL checks the private operation against faults by itself.
    sign: (key, message) =>
      new Uint8Array(privateDecrypt({ key: cached(privateKeys, key, importPrivate), padding: constants.RSA_NO_PADDING }, message)),
    unblind: unblindWith,
    recover: power,
  }
}

/** An RSA private key from its PEM text, of either algorithm identifier. */
export function rsaKeyFromPem(text: string): RsaPrivateKey {
  const info = createPrivateKey(text).export({ format: 'der', type: 'pkcs8' })
  // PKCS#8 wraps the nine integers of RFC 8017 §A.1.2 in an octet string; the algorithm before it may hold one small integer.
  const start = info.findIndex(
    (byte, index) => byte === 0x04 && info[index + 1] === 0x82 && index + 4 + info.readUInt16BE(index + 2) === info.length,
  )
  const key = createPrivateKey({ key: info.subarray(start + 4), format: 'der', type: 'pkcs1' }).export({ format: 'jwk' })
  const { n, e, d, p, q } = key
  return { n: fromText(n), e: fromText(e), d: fromText(d), p: fromText(p), q: fromText(q) }
}

function cached<Key extends RsaPublicKey>(known: WeakMap<Key, KeyObject>, key: Key, load: (key: Key) => KeyObject): KeyObject {
  const object = known.get(key) ?? load(key)
  known.set(key, object)
  return object
}

const importPublic = ({ n, e }: RsaPublicKey): KeyObject =>
  createPublicKey({ key: { kty: 'RSA', n: asText(n), e: asText(e) }, format: 'jwk' })

function importPrivate({ n, e, d, p, q }: RsaPrivateKey): KeyObject {
  const parts = { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: modInverse(q, p) ?? 0n }
  const key = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, asText(value)]))
  return createPrivateKey({ key: { kty: 'RSA', ...key }, format: 'jwk' })
}

const asText = (value: bigint): string => Buffer.from(bytesOf(value, byteLength(value))).toString('base64url')
const fromText = (text: string | undefined): bigint => numberOf(new Uint8Array(Buffer.from(text ?? '', 'base64url')))
