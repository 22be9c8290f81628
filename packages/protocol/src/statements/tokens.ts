import { amount, digest, peer } from '../wire/fields.ts'
import { struct, uint } from '../wire/schema.ts'

/** A client pays for a lot of blind tokens: once this is in the log, `count` times `worth` coins are the issuer's. */
export const tokenOrder = struct({
  issuer: peer,
  count: uint(64),
  /** Coins for each token, as the issuer's key says. */
  worth: amount,
  /** SHA-256 over the blinded messages, so that one payment buys these tokens and no others, however often it is shown. */
  requests: digest,
})

/** An issuer pays a gateway for the tokens that it brought since the last time. What the log shows is a sum. */
export const tokenPayout = struct({
  gateway: peer,
  /** Counts this issuer's payouts from 0: each number pays once. */
  number: uint(),
  count: uint(1 << 16),
  amount,
  /** RFC 6962 root over the tokens' ids, sorted: the gateway knows them, and can show that one of them was paid. */
  root: digest,
})
