import { generateKeyPairSync } from 'node:crypto'
import type { Random } from '@infermesh/kernel'
import { DecodeFailed } from '@infermesh/protocol'
import { must } from '@infermesh/protocol/oblivious'
import {
  decodeRsaKey,
  decodeRsaPrivateKey,
  decodeToken,
  decodeTokenChallenge,
  decodeTokenRequest,
  encodeRsaKey,
  encodeRsaPrivateKey,
  encodeTokenChallenge,
  issuerKeyOf,
  issueToken,
  requestToken,
  TOKEN_TYPE,
  verifyToken,
} from '@infermesh/protocol/tokens'
import { nodeRsa, rsaKeyFromPem } from '@infermesh/protocol/tokens/node'
import { bytesFrom } from './hostile.ts'
import { onlyAsSealed, type Reader } from './reader.ts'

/** Everything that reads a purchase or a payment: at the client, the issuer and the gateway. */
export function tokenReaders(random: Random): readonly Reader[] {
  const privateKey = rsaKeyFromPem(String(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(PEM)))
  const [rsa, issuer] = [nodeRsa(), issuerKeyOf(privateKey)]
  const challenge = encodeTokenChallenge({
    ...{ type: TOKEN_TYPE.publiclyVerifiable, issuer: 'issuer-0', context: bytesFrom(random, 32), origins: 'gateway-0' },
  })
  const secrets = { nonce: bytesFrom(random, 32), salt: bytesFrom(random, 48), blind: bytesFrom(random, 272) }
  const pending = must(requestToken(rsa, issuer, challenge, secrets))
  const signed = must(issueToken(rsa, { privateKey, keyId: issuer.keyId }, pending.request))
  const token = must(pending.finish(signed))
  const accepted = { issuers: [issuer], challengeDigests: [must(decodeToken(token)).challengeDigest] }
  return [
    { name: 'token', good: token, read: (bytes) => decodeToken(bytes).ok },
    onlyAsSealed('token as payment', token, (bytes) => {
      const decoded = decodeToken(bytes)
      return decoded.ok && verifyToken(rsa, accepted, decoded.value).ok
    }),
    onlyAsSealed("issuer's signature", signed, (bytes) => pending.finish(bytes).ok),
    { name: 'token request', good: pending.request, read: (bytes) => decodeTokenRequest(bytes).ok },
    { name: 'token challenge', good: challenge, read: (bytes) => decodeTokenChallenge(bytes).ok },
    { name: 'issuer key', good: encodeRsaKey(issuer.key), read: (bytes) => decodeRsaKey(bytes).ok },
    { name: "issuer's key on its disk", good: encodeRsaPrivateKey(privateKey), read: isPrivateKey },
  ]
}

function isPrivateKey(bytes: Uint8Array): boolean {
  try {
    return decodeRsaPrivateKey(bytes).n > 0n
  } catch (failure) {
    if (failure instanceof DecodeFailed) return false
    throw failure
  }
}

const PEM = { format: 'pem', type: 'pkcs8' } as const
