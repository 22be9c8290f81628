export {
  type BlindingSecrets,
  type BlindRsaCode,
  blind,
  blindFactor,
  blindSign,
  finalize,
  verify as verifyBlindSignature,
} from './blind-rsa.ts'
export {
  type IssuerKey,
  issuerKeyOf,
  issueToken,
  type PendingToken,
  requestToken,
  type TokenCode,
  type TokenSecrets,
  tokenId,
  verifyToken,
} from './blind-token.ts'
export { decodeRsaPrivateKey, encodeRsaPrivateKey } from './private-key.ts'
export { type Entropy, issuePrivateToken, type PendingPrivateToken, requestPrivateToken, verifyPrivateToken } from './private-token.ts'
export { type Blinded, portableRsa, type RsaPrimitives, type RsaPrivateKey, type RsaPublicKey } from './rsa.ts'
export { decodeRsaKey, encodeRsaKey } from './rsa-key.ts'
export { sizedRsa } from './sized-rsa.ts'
export { type LockOutcome, SpentSet, type SpentToken } from './spent-set.ts'
export {
  decodeToken,
  decodeTokenChallenge,
  decodeTokenRequest,
  encodeToken,
  encodeTokenChallenge,
  encodeTokenRequest,
  TOKEN_TYPE,
  type Token,
  type TokenChallenge,
  type TokenRequest,
  type TokenType,
} from './wire.ts'
