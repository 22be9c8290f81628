import { amount, nested, peer } from '../wire/fields.ts'
import { bytes, list, optional, struct, text, uint } from '../wire/schema.ts'

/** Largest sealed message that is carried; a padded prompt and its payment fit well. */
export const SEALED_BYTES_MAX = 4 * 1024 * 1024

/** Media type of what is sealed: it says which format, and with it which labels, the seal has. */
const media = text(64)
const token = bytes(354, 354)

export const oblivious = {
  /** To a relay, which knows what gateways and issuers gossip: so no client has to ask a gateway for its keys. */
  FetchKeys: struct({}),
  KeysFound: struct({ keyConfigs: list(nested, 64), tokenKeys: list(nested, 8) }),
  /** Client to relay. */
  Forward: struct({ gateway: peer, media, body: bytes(1, SEALED_BYTES_MAX) }),
  /** Relay to gateway. There is no field for whom it comes from. */
  Sealed: struct({ media, body: bytes(1, SEALED_BYTES_MAX) }),
  /** The next bytes of a sealed answer. `cost`: what the relay owes for the whole, told in the clear by gateways that bill relays. */
  SealedPart: struct({ data: bytes(0, SEALED_BYTES_MAX), cost: optional(amount) }),
  /** Client to issuer: the order that pays, and blinded messages, of which the issuer sees nothing again. Sent again, it buys no more. */
  BuyTokens: struct({ order: nested, requests: list(bytes(259, 259), 64) }),
  TokensSold: struct({ signatures: list(bytes(256, 256), 64) }),
  /** Gateway to issuer: tokens that paid for something, in lots that tell nothing of single requests. */
  DepositTokens: struct({ tokens: list(token, 64) }),
  TokensTaken: struct({ taken: uint(64) }),
} as const
