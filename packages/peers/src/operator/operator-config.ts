import type { Amount, Millis } from '@infermesh/kernel'
import type { Manifest } from '@infermesh/protocol'
import type { SpeedProfile } from '@infermesh/serving'
import type { Upstream } from './engine/computed-answer.ts'
import type { PagedEngineConfig } from './engine/engine-config.ts'
import type { PrivateModelsConfig } from './private-models/config.ts'
import type { GivenWeights, ReferenceWeights } from './reference-weights.ts'

/** A public model that this operator signs for and uploads to every hub. */
export interface PublishedModel {
  readonly model: string
  readonly weights: ReferenceWeights | GivenWeights
  readonly engineBuild: string
  readonly verifyTier: Manifest['verifyTier']
  /** Coins for a million tokens. */
  readonly pricePromptPerMillion: Amount
  readonly priceAnswerPerMillion: Amount
}

/** The public side of an operator. JSON-safe. */
export interface ServingConfig {
  /** Speed of an operator without `engine`; with one, only its loading counts. */
  readonly profile: SpeedProfile
  readonly engine?: PagedEngineConfig
  /** Servers that answer for models of the proxy engine, by model. */
  readonly upstreams?: Readonly<Record<string, Upstream>>
  readonly publishes?: readonly PublishedModel[]
  /** Public models to fetch from a hub and serve. */
  readonly serves?: readonly string[]
  /** Prompt and answer together, in tokens. */
  readonly contextTokens?: number
  /** Receipts, with their work, that are kept for verifiers; older ones are forgotten once they are logged. */
  readonly receiptsKept?: number
  /** Largest blob that is fetched. */
  readonly blobBytesMax?: number
  /** First wait before something is asked of a hub again; it doubles. */
  readonly retryAfter?: Millis
}

export const servingDefaults = {
  upstreams: {},
  publishes: [],
  serves: [],
  contextTokens: 131_072,
  receiptsKept: 1024,
  blobBytesMax: 256 * 1024 * 1024,
  retryAfter: 500,
} as const satisfies Partial<ServingConfig>

/** With every default in its place. */
export type FullServingConfig = Required<Omit<ServingConfig, 'engine'>> & Pick<ServingConfig, 'engine'>

/** Everything an operator is told when it is made. JSON-safe. */
export interface OperatorConfig extends ServingConfig {
  /** Private models that this operator owns; a standby needs no entry, delegations tell it. */
  readonly owns?: PrivateModelsConfig['owns']
  /** Measurement of the code that runs here, 32 bytes hex. */
  readonly measurement?: string
}

export const noMeasurement = '00'.repeat(32)
