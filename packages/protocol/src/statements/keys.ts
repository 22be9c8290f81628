import { amount, instant, nested } from '../wire/fields.ts'
import { bytes, struct } from '../wire/schema.ts'

/** A gateway's keys for oblivious requests, as `application/ohttp-keys` (RFC 9458 §3). */
export const keyConfig = struct({
  keys: bytes(1, 1024),
  from: instant,
  until: instant,
  /** The platform's word for the code that holds the secret halves; its user data binds the bytes above. */
  attestation: nested,
})

/** An issuer's key for blind tokens, as RFC 9578 §6.5 publishes it. */
export const tokenKey = struct({
  key: bytes(1, 1024),
  /** Coins that the issuer pays for a token. */
  worth: amount,
  from: instant,
  until: instant,
})
