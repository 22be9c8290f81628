import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../oblivious/bytes.ts'
import { vectorFile } from '../oblivious/node/vector-file.ts'
import { must } from '../oblivious/result.ts'
import { blind, blindSign, finalize, verify } from './blind-rsa.ts'
import { issuerKeyOf, issueToken, requestToken, tokenId, verifyToken } from './blind-token.ts'
import { nodeRsa, rsaKeyFromPem } from './node/rsa.ts'
import { bytesOf, modInverse, modPow, numberOf } from './numbers.ts'
import { issuePrivateToken, requestPrivateToken, verifyPrivateToken } from './private-token.ts'
import { portableRsa, type RsaPrimitives, type RsaPrivateKey } from './rsa.ts'
import { decodeRsaKey, encodeRsaKey } from './rsa-key.ts'
import { sizedRsa } from './sized-rsa.ts'
import { decodeToken, decodeTokenChallenge, decodeTokenRequest, encodeTokenChallenge, type TokenChallenge } from './wire.ts'

type TokenVector = Readonly<
  Record<'skS' | 'pkS' | 'token_challenge' | 'nonce' | 'blind' | 'salt' | 'token_request' | 'token_response' | 'token', string>
>
type RsaVector = Readonly<
  Record<'name' | 'p' | 'q' | 'n' | 'e' | 'd' | 'input_msg' | 'sLen' | 'salt' | 'inv' | 'blinded_msg' | 'blind_sig' | 'sig', string>
>

const rsaFile = vectorFile<readonly RsaVector[]>('rfc9474.json')
const publicFiles = ['go', 'rust'].map((source) => vectorFile<readonly TokenVector[]>(`pub_verif_rfc9578.${source}.json`))
const privateFiles = ['go', 'rust'].map((source) => vectorFile<readonly TokenVector[]>(`priv_verif_rfc9578.${source}.json`))
const fast = nodeRsa()

for (const rsa of [fast, portableRsa]) {
  test.skipIf(!rsaFile.vectors)(`matches RFC 9474 on the ${rsa.name} back end (needs ${rsaFile.path})`, () => {
    for (const vector of rsaFile.vectors ?? []) checkBlindSignature(rsa, vector)

    expect(rsaFile.vectors?.length).toBe(4)
  })

  for (const { path, vectors } of publicFiles) {
    test.skipIf(!vectors)(`matches RFC 9578 type 2 on the ${rsa.name} back end (needs ${path})`, () => {
      for (const vector of vectors ?? []) checkPublicToken(rsa, vector)

      expect(vectors?.length).toBe(5)
    })
  }
}

for (const { path, vectors } of privateFiles) {
  test.skipIf(!vectors)(`matches RFC 9578 type 1 (needs ${path})`, () => {
    for (const vector of vectors ?? []) checkPrivateToken(vector)

    expect(vectors?.length).toBe(5)
  })
}

test.each([fast, sizedRsa])('a token bought on the $name back end verifies; one changed byte anywhere and it does not', (rsa) => {
  const { issuer, accepted, key } = shop()
  const pending = must(requestToken(rsa, issuer, challenge, secretsFor(1)))
  const token = must(pending.finish(must(issueToken(rsa, { privateKey: key, keyId: issuer.keyId }, pending.request))))

  expect([pending.request.length, token.length]).toEqual([259, 354])
  expect(verifyToken(rsa, accepted, must(decodeToken(token))).ok).toBe(true)
  for (let index = 0; index < token.length; index += 5) {
    const changed = new Uint8Array(token)
    changed[index] = (changed[index] ?? 0) ^ 0x10
    const decoded = decodeToken(changed)
    expect(decoded.ok && verifyToken(rsa, accepted, decoded.value).ok).toBe(false)
  }
})

test('both back ends give the same bytes for the same secrets', () => {
  const { issuer, key } = shop()
  const [left, right] = [fast, portableRsa].map((rsa) => {
    const pending = must(requestToken(rsa, issuer, challenge, secretsFor(2)))
    const response = must(issueToken(rsa, { privateKey: key, keyId: issuer.keyId }, pending.request))
    return concat(pending.request, response, must(pending.finish(response)))
  })

  expect(left).toEqual(right)
})

test('the issuer sees nothing of the token: any request could have become any token', () => {
  const { issuer, key } = shop()
  const pending = must(requestToken(fast, issuer, challenge, secretsFor(3)))
  const other = must(requestToken(fast, issuer, challenge, secretsFor(4)))
  const token = must(decodeToken(must(other.finish(must(issueToken(fast, { privateKey: key, keyId: issuer.keyId }, other.request))))))
  const seen = numberOf(must(decodeTokenRequest(pending.request)).blinded)

  // The factor that would turn the request seen into the message behind the other token exists, so neither is ruled out.
  const encoded = numberOf(fast.recover(issuer.key, token.authenticator))
  const powered = (seen * (modInverse(encoded, issuer.key.n) ?? 0n)) % issuer.key.n
  const r = modPow(powered, key.d, key.n)
  expect((encoded * modPow(r, key.e, key.n)) % key.n).toBe(seen)
})

test('an answer from a wrong key, cut, or for another request is refused before it is stored', () => {
  const { issuer, key } = shop()
  const pending = must(requestToken(fast, issuer, challenge, secretsFor(5)))
  const other = must(requestToken(fast, issuer, challenge, secretsFor(6)))
  const response = must(issueToken(fast, { privateKey: key, keyId: issuer.keyId }, other.request))

  expect(pending.finish(response)).toMatchObject({ ok: false, code: 'bad-signature' })
  expect(pending.finish(response.subarray(1))).toMatchObject({ ok: false, code: 'malformed' })
  expect(pending.finish(bytesOf(key.n, 256))).toMatchObject({ ok: false, code: 'bad-signature' })
})

test('an issuer refuses another key id, another type and numbers that are too large', () => {
  const { issuer, key } = shop()
  const { request } = must(requestToken(fast, issuer, challenge, secretsFor(7)))
  const asked = (bytes: Uint8Array) => issueToken(fast, { privateKey: key, keyId: issuer.keyId }, bytes)

  expect(asked(Uint8Array.from(request, (byte, index) => (index === 2 ? byte ^ 1 : byte)))).toMatchObject({ code: 'unknown-key' })
  expect(asked(request.subarray(0, 258))).toMatchObject({ code: 'malformed' })
  expect(asked(concat(Uint8Array.of(0, 1, issuer.keyId[31] ?? 0), new Uint8Array(49)))).toMatchObject({ code: 'malformed' })
  expect(asked(concat(request.subarray(0, 3), new Uint8Array(256).fill(0xff)))).toMatchObject({ code: 'malformed' })
})

test('a token for a challenge or a key that is not in use is refused', () => {
  const { issuer, accepted, key } = shop()
  const pending = must(requestToken(fast, issuer, new Uint8Array(3), secretsFor(8)))
  const token = must(decodeToken(must(pending.finish(must(issueToken(fast, { privateKey: key, keyId: issuer.keyId }, pending.request))))))

  expect(verifyToken(fast, accepted, token)).toMatchObject({ code: 'unknown-challenge' })
  expect(verifyToken(fast, { ...accepted, issuers: [] }, token)).toMatchObject({ code: 'unknown-key' })
  expect(tokenId(token)).toEqual(tokenId({ ...token, authenticator: new Uint8Array(256) }))
})

test('challenges come back as they were, and hostile bytes give a value', () => {
  const full: TokenChallenge = { type: 2, issuer: 'issuer.example', context: new Uint8Array(32).fill(4), origins: 'a.example,b.example' }
  const open: TokenChallenge = { type: 2, issuer: 'issuer.example', context: new Uint8Array(0), origins: '' }
  const cut = encodeTokenChallenge(full).subarray(0, -1)

  for (const value of [full, open]) expect(decodeTokenChallenge(encodeTokenChallenge(value))).toEqual({ ok: true, value })
  expect(decodeTokenChallenge(cut)).toMatchObject({ ok: false, code: 'malformed' })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), fc.nat(255), (bytes, at, byte) => {
      const changed = encodeTokenChallenge(full)
      changed[at % changed.length] = byte
      for (const hostile of [bytes, changed]) {
        for (const decode of [decodeTokenChallenge, decodeTokenRequest, decodeToken, decodeRsaKey])
          expect(typeof decode(hostile).ok).toBe('boolean')
      }
    }),
  )
})

test('a public key has one form only', () => {
  const { issuer } = shop()
  const encoded = encodeRsaKey(issuer.key)

  expect(decodeRsaKey(encoded)).toEqual({ ok: true, value: issuer.key })
  for (let index = 0; index < 80; index++) {
    const changed = Uint8Array.from(encoded, (byte, at) => (at === index ? byte ^ 1 : byte))
    const decoded = decodeRsaKey(changed)
    expect(decoded.ok ? encodeRsaKey(decoded.value) : changed).toEqual(changed)
  }
  expect(decodeRsaKey(concat(encoded, Uint8Array.of(0))).ok).toBe(false)
})

/** A key for these tests alone: two primes found from a fixed start, so that runs are alike. */
const TEST_KEY = testKey()
const challenge = encodeTokenChallenge({ type: 2, issuer: 'issuer.example', context: new Uint8Array(0), origins: '' })

function shop() {
  const issuer = issuerKeyOf(TEST_KEY)
  return { issuer, key: TEST_KEY, accepted: { issuers: [issuer], challengeDigests: [sha256(challenge)] } }
}

const secretsFor = (seed: number) => ({
  nonce: new Uint8Array(32).fill(seed),
  salt: new Uint8Array(48).fill(seed + 1),
  blind: new Uint8Array(272).fill(seed + 2),
})

function testKey(): RsaPrivateKey {
  const [p, q] = [primeFrom((3n << 1022n) + 12345n), primeFrom((3n << 1022n) + (1n << 900n) + 1n)]
  const e = 65537n
  return { n: p * q, e, d: modInverse(e, (p - 1n) * (q - 1n)) ?? 0n, p, q }
}

function primeFrom(start: bigint): bigint {
  let candidate = start | 1n
  while (smallFactor(candidate) || modPow(2n, candidate - 1n, candidate) !== 1n) candidate += 2n
  return candidate
}

function smallFactor(value: bigint): boolean {
  return [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n].some((prime) => value % prime === 0n)
}

function checkBlindSignature(rsa: RsaPrimitives, vector: RsaVector): void {
  const key = { n: BigInt(vector.n), e: BigInt(vector.e), d: BigInt(vector.d), p: BigInt(vector.p), q: BigInt(vector.q) }
  const r = modInverse(BigInt(vector.inv), key.n) ?? 0n
  const message = hexToBytes(vector.input_msg)
  const saltLength = Number(vector.sLen)
  const blinded = must(blind(rsa, key, message, { salt: hexToBytes(vector.salt), r }))
  const signed = must(blindSign(rsa, key, blinded.message))
  const signature = must(finalize(rsa, key, message, { signed, unblinder: blinded.unblinder, saltLength }))

  expect(bytesToHex(blinded.message)).toBe(vector.blinded_msg)
  expect(bytesToHex(signed)).toBe(vector.blind_sig)
  expect(bytesToHex(signature)).toBe(vector.sig)
  expect(verify(rsa, key, concat(message, Uint8Array.of(0)), { signature, saltLength })).toBe(false)
}

function checkPublicToken(rsa: RsaPrimitives, vector: TokenVector): void {
  const privateKey = rsaKeyFromPem(new TextDecoder().decode(hexToBytes(vector.skS)))
  const issuer = issuerKeyOf(must(decodeRsaKey(hexToBytes(vector.pkS))))
  const secrets = { nonce: hexToBytes(vector.nonce), salt: hexToBytes(vector.salt), blind: numberOf(hexToBytes(vector.blind)) }
  const pending = must(requestToken(rsa, issuer, hexToBytes(vector.token_challenge), secrets))
  const response = must(issueToken(rsa, { privateKey, keyId: issuer.keyId }, pending.request))
  const token = must(pending.finish(response))

  expect(bytesToHex(pending.request)).toBe(vector.token_request)
  expect(bytesToHex(response)).toBe(vector.token_response)
  expect(bytesToHex(token)).toBe(vector.token)
  expect(encodeTokenChallenge(must(decodeTokenChallenge(hexToBytes(vector.token_challenge))))).toEqual(hexToBytes(vector.token_challenge))
}

function checkPrivateToken(vector: TokenVector): void {
  const keys = { secretKey: hexToBytes(vector.skS), publicKey: hexToBytes(vector.pkS) }
  // The library maps 72 random bytes to a scalar as (bytes mod (order − 1)) + 1, so this gives back the blind of the vector.
  const entropy = (length: number) => bytesOf(numberOf(hexToBytes(vector.blind)) - 1n, length)
  const pending = requestPrivateToken(keys.publicKey, hexToBytes(vector.token_challenge), { nonce: hexToBytes(vector.nonce), entropy })
  const token = must(pending.finish(hexToBytes(vector.token_response)))
  const own = must(issuePrivateToken(keys, must(decodeTokenRequest(pending.request)).blinded, entropy))

  expect(bytesToHex(pending.request)).toBe(vector.token_request)
  expect(bytesToHex(token)).toBe(vector.token)
  expect(must(pending.finish(own))).toEqual(token)
  expect(verifyPrivateToken(keys, must(decodeToken(token)))).toBe(true)
  expect(verifyPrivateToken(keys, { ...must(decodeToken(token)), nonce: new Uint8Array(32) })).toBe(false)
  expect(pending.finish(concat(own.subarray(0, -1), Uint8Array.of((own.at(-1) ?? 0) ^ 1)))).toMatchObject({ code: 'bad-proof' })
}
