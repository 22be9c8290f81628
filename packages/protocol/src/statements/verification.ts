import { digest, envelopeId, nested, peer } from '../wire/fields.ts'
import { hex, list, oneOf, struct, uint } from '../wire/schema.ts'

/** Which look at a receipt: the single first look, the committee after a mismatch, the appeal before a slash. */
export const stage = oneOf('first', 'committee', 'appeal')

export const verdictWord = oneOf('match', 'mismatch', 'unavailable', 'inconclusive')

/** Seats of one stage may be drawn more than once, when too few of them answer; counts from 0. */
export const draw = uint(15)

/** commitment = SHA-256("c" ‖ verifier key ‖ verdict ‖ evidenceDigest ‖ salt). */
export const verdictCommit = struct({ receipt: envelopeId, stage, draw, commitment: digest })

/** `evidenceDigest` is over the tokens that the verifier computed itself, salted with its key, so that `match` can't be said without the work. */
export const verdictReveal = struct({
  receipt: envelopeId,
  stage,
  draw,
  verdict: verdictWord,
  evidenceDigest: digest,
  salt: hex(16),
})

/**
 * Signed statements that prove a fault; whoever has the bytes and the genesis can check.
 * `equivocation`: two statements that one honest signer never makes both. `mismatch`: a receipt, then the appeal's reveals against it.
 */
export const evidence = struct({
  kind: oneOf('equivocation', 'mismatch'),
  accused: peer,
  statements: list(nested, 128),
  /** Block height at which the fault was found. */
  height: uint(),
})
