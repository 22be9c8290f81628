import type { Amount, Millis, PeerId } from '@infermesh/kernel'
import type { Capacity, Directory, Envelope, ErrorCode, PeerEffect, PeerServices, Signer } from '@infermesh/protocol'

export type Temperature = 'cold' | 'warm' | 'hot'

/** A standby named in the owner's configuration. `peer`: its name in the directory, or its peer id. */
export interface StandbyConfig {
  readonly peer: string
  readonly temperature: Temperature
  /** Lower takes over first. */
  readonly priority: number
}

/** A private model that this operator owns. */
export interface OwnedModelConfig {
  readonly model: string
  /** The weights are expanded from `seed`; `bytes` of them travel, sealed. */
  readonly weights: { readonly seed: string; readonly bytes: number }
  /** Integer coins for a million tokens. */
  readonly prices: { readonly promptPerMillion: Amount; readonly answerPerMillion: Amount }
  readonly engineBuild: string
  /** Code measurement that standbys must show, 32 bytes hex. */
  readonly measurement: string
  readonly standbys: readonly StandbyConfig[]
  /** How long a delegation lasts; a day unless told. */
  readonly delegationTtl?: Millis
}

/** JSON-safe. A standby needs no `owns`: it learns of its duty from delegations that name it. */
export interface PrivateModelsConfig {
  readonly owns: readonly OwnedModelConfig[]
  /** Measurement of the code that runs here, 32 bytes hex: what the platform attests. */
  readonly measurement: string
  /** Speed of bringing opened weights into memory, in bytes a second of the blob's size. */
  readonly loadBytesPerSecond: number
}

export interface PrivateModelsServices extends PeerServices {
  /** The operator's one signer: all its statements are counted together. */
  readonly signer: Signer
}

export type ModelState = Capacity['models'][number]

export type Permission =
  | { readonly state: 'granted'; readonly manifest: Envelope<'manifest'>; readonly weights: Uint8Array; readonly attestation?: string }
  | { readonly state: 'refused'; readonly code: ErrorCode; readonly detail: string }

/** `result` is JSON for `CommandDone`; a refusal goes out as `Refused`. */
export type CommandOutcome =
  | { readonly state: 'done'; readonly effects: readonly PeerEffect[]; readonly result: string }
  | { readonly state: 'refused'; readonly code: ErrorCode; readonly detail: string }

/** A peer by its name in the directory or its id. Anything else is taken as an id, and matches nobody. */
export const peerCalled = (directory: Directory, text: string): PeerId => directory.named(text)?.peerId ?? text
