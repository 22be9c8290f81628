import { epoch, instant, nested, peer, prompt, token, tokenIndex } from '../wire/fields.ts'
import { flag, list, oneOf, optional, struct, text, uint } from '../wire/schema.ts'

/** A refusal that every stream may answer with. `code` is from the error registry. */
export const refused = struct({ code: text(40), detail: text(400), retryAfter: optional(uint()) })

export const infer = {
  /** Client to gateway. `prompt` is what `request.bodyHash` is the hash of. */
  Infer: struct({ request: nested, prompt }),
  /**
   * Client to gateway, when another one did not bring the answer to its end: the same request, with the answer tokens that the client
   * holds. Receipts vouch for the first `vouched` of them. `operator` made them last, and may still have what follows.
   */
  Resume: struct({
    request: nested,
    prompt,
    tokens: list(token, 1 << 17),
    vouched: tokenIndex,
    operator: optional(peer),
    attempt: uint(255),
  }),
  /** Gateway to client, with each dispatch: who makes the tokens that come next. */
  Working: struct({ operator: peer, attempt: uint(255) }),
  /** Gateway to operator. `prefix`: answer tokens that the client already has; the operator goes on after them. */
  Execute: struct({ request: nested, prompt, dispatch: nested, prefix: list(token, 1 << 17) }),
  /** Answer tokens from index `from` on. */
  Tokens: struct({ from: tokenIndex, tokens: list(token, 4096) }),
  /** A receipt for a stretch that has been sent. */
  Receipted: struct({ receipt: nested }),
  /** The end of a good answer. */
  Completed: struct({ tokens: tokenIndex, finish: oneOf('length', 'stop'), epoch, endedAt: instant, resumed: flag }),
  Refused: refused,
} as const
