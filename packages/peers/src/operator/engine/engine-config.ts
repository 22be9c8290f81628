import type { Millis } from '@infermesh/kernel'
import type { GpuProfile, ServingSetup } from '@infermesh/serving'

/** An operator whose requests share one GPU: batched step by step over paged KV memory. JSON-safe. */
export interface PagedEngineConfig {
  readonly kind: 'paged'
  readonly profile: GpuProfile
  /** KV blocks on the GPU; without it, what the profile says fits. */
  readonly blocks?: number
  /** Tokens in a block, 16 without it. */
  readonly blockSize?: number
  /** What becomes of idle conversations: see `idlePolicyNames`. */
  readonly policy?: string
  /** `open`, or the share of GPU and tiers that the contexts of open sessions may take, as `92%`. */
  readonly admission?: string
  /** Memory below the GPU, from fast to slow, as `host=8Mtok`. */
  readonly tiers?: readonly string[]
  readonly stepTokensMax?: number
  readonly sequencesMax?: number
  /** A session unheard for so long counts as over. */
  readonly sessionIdleMax?: Millis
}

export const engineDefaults = { blockSize: 16, sequencesMax: 128, sessionIdleMax: 1_800_000 } as const satisfies Partial<PagedEngineConfig>

/** The same in the words of the serving package. */
export const setupOf = (config: PagedEngineConfig): ServingSetup => ({
  profile: config.profile,
  blockTokens: config.blockSize ?? engineDefaults.blockSize,
  sequencesMax: config.sequencesMax ?? engineDefaults.sequencesMax,
  ...(config.blocks === undefined ? {} : { blocks: config.blocks }),
  ...(config.policy === undefined ? {} : { policy: config.policy }),
  ...(config.admission === undefined ? {} : { admission: config.admission }),
  ...(config.tiers === undefined ? {} : { tiers: config.tiers }),
  ...(config.stepTokensMax === undefined ? {} : { stepTokensMax: config.stepTokensMax }),
})
