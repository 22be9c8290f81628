import { digest, envelopeId, nested } from '../wire/fields.ts'
import { hex, list, oneOf, struct, uint } from '../wire/schema.ts'

/** Which look at a receipt: the single first look, the committee after a mismatch, the appeal before a slash. */
export const stage = oneOf('first', 'committee', 'appeal')

export const verdictWord = oneOf('match', 'mismatch', 'unavailable', 'inconclusive')

/** commitment = SHA-256("c" ‖ verifier key ‖ verdict ‖ evidenceDigest ‖ salt). */
export const verdictCommit = struct({ receipt: envelopeId, stage, commitment: digest })

/** `evidenceDigest` is over the tokens that the verifier computed itself, salted with its key, so that `match` can't be said without the work. */
export const verdictReveal = struct({
  receipt: envelopeId,
  stage,
  verdict: verdictWord,
  evidenceDigest: digest,
  salt: hex(16),
})

/** Signed statements that contradict each other or the rules; whoever reads the bytes can check. */
export const evidence = struct({
  kind: oneOf('equivocation', 'stale-epoch', 'mismatch', 'double-settle'),
  accused: digest,
  statements: list(nested, 4),
  height: uint(),
})
