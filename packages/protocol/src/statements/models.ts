import { amount, digest, epoch, instant, modelId, peer } from '../wire/fields.ts'
import { bytes, hex, list, oneOf, struct, text, uint } from '../wire/schema.ts'

/** A release of a model, signed by its owner. `weights` is the content id of what travels: plain for public, sealed for private models. */
export const manifest = struct({
  model: modelId,
  visibility: oneOf('public', 'private'),
  /** SHA-256 of the plain weights: what an execution must have used. */
  weightsRoot: digest,
  /** SHA-256 of the blob that is fetched. */
  blob: digest,
  blobBytes: uint(),
  engineBuild: text(64),
  verifyTier: oneOf('signature', 'attestation', 're-execution'),
  /** Price of a million tokens, in integer coins. */
  pricePromptPerMillion: amount,
  priceAnswerPerMillion: amount,
})

/** The owner's word that a standby may serve a private model. */
export const delegation = struct({
  model: modelId,
  audience: peer,
  /** Lower goes first. */
  priority: uint(255),
  temperature: oneOf('cold', 'warm', 'hot'),
  notBefore: instant,
  expires: instant,
  maxPriceAnswerPerMillion: amount,
  /** Code measurement that the standby's attestation must show. */
  measurement: digest,
  nonce: hex(16),
})

export const revocation = struct({ model: modelId, delegation: digest })

/** An operator's heartbeat: it lives, what it serves, how busy it is. */
export const capacity = struct({
  slots: uint(1 << 16),
  busy: uint(1 << 16),
  queued: uint(1 << 16),
  models: list(
    struct({
      model: modelId,
      /** `holder` serves a private model under `epoch`; `public` ignores it. */
      state: oneOf('public', 'cold', 'warm', 'hot', 'holder'),
      epoch,
    }),
    64,
  ),
})

/**
 * What an operator says of its KV memory, so that gateways send a prompt to where its front is. Claims: gateways measure what they
 * are worth. A block's name covers all blocks before it; who has seen a prompt can name its blocks, nobody else can.
 */
export const memoryDigest = struct({
  blockTokens: uint(1 << 12),
  freeTokens: uint(),
  /** Prompt tokens of requests that wait for their first token. */
  waitingTokens: uint(),
  /** Time to read one prompt token. */
  microsPerToken: uint(1 << 24),
  /** Fronts of prompts in memory, the latest last: how many blocks, and the name of the last one. */
  heads: list(struct({ key: uint(), blocks: uint(1 << 20) }), 256),
})

/** A simulated platform's statement about the code that runs at a peer. Signed by the attestation root's key, never by the peer. */
export const attestation = struct({
  subject: peer,
  measurement: digest,
  /** SHA-256 over subject, model and epoch. */
  userData: digest,
  nonce: bytes(0, 64),
})
