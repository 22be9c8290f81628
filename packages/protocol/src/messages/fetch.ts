import { amount, digest, envelopeId, modelId, nested, peer, prompt, token } from '../wire/fields.ts'
import { bytes, list, struct, uint } from '../wire/schema.ts'

export const BLOB_CHUNK_BYTES_MAX = 256 * 1024

export const fetch = {
  /** To the hub: the manifest of a public model. */
  FetchManifest: struct({ model: modelId }),
  ManifestFound: struct({ manifest: nested }),
  /** To a settler: log entries by id; it answers those it has. */
  FetchEntries: struct({ ids: list(envelopeId, 64) }),
  Entries: struct({ entries: list(nested, 64) }),
  /** To a settler, when gossip did not bring an entry into the log: it puts it before the others. Taken also means known already. */
  SubmitEntry: struct({ entry: nested }),
  EntryTaken: struct({}),
  /** To a settler: checkpoints from a height on. */
  FetchCheckpoints: struct({ from: uint(), count: uint(64) }),
  Checkpoints: struct({ checkpoints: list(bytes(1, 64 * 1024), 64), height: uint() }),
  /** To a settler: the coins that a peer can spend, as of its last final block. */
  FetchAccount: struct({ peer }),
  Account: struct({ peer, balance: amount, height: uint() }),
  /** To the operator that signed the receipt, from a verifier: what it was asked, and all it answered up to the receipt's end. */
  FetchWork: struct({ receipt: envelopeId }),
  Work: struct({ prompt, tokens: list(token, 1 << 17) }),
} as const

export const blob = {
  FetchBlob: struct({ blob: digest, offset: uint() }),
  BlobChunk: struct({ offset: uint(), total: uint(), data: bytes(0, BLOB_CHUNK_BYTES_MAX) }),
  /** Publisher to hub, chunk by chunk; then the manifest, which the hub accepts once the blob is whole and hashes right. */
  PutChunk: struct({ blob: digest, offset: uint(), total: uint(), data: bytes(1, BLOB_CHUNK_BYTES_MAX) }),
  Publish: struct({ manifest: nested }),
  Stored: struct({ received: uint() }),
} as const
