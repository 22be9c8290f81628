import { interpolate, type Knots, type StepLoad, type StepTime } from './step-time.ts'

/** One model on one GPU (or tensor-parallel group), as the constants of a step's cost. Times in microseconds unless named otherwise. */
export interface GpuProfile {
  readonly name: string
  readonly layers: number
  /** KV bytes of one token, all layers. */
  readonly kvBytesPerToken: number
  /** Matrix products and element-wise work of the whole model, milliseconds by new tokens. */
  readonly denseMs: Knots
  /** Attention of one layer. */
  readonly attention: {
    readonly base: number
    readonly perDecode: number
    readonly kvBytesPerSecond: number
    readonly perChunk: number
    readonly perChunkToken: number
    readonly perTokenTimesContext: number
    readonly perTokenSquared: number
  }
  /** Output head and sampler, once a step. */
  readonly headMs: { readonly base: number; readonly perSequence: number }
  /** All-reduce of one layer pair; zero on one GPU. */
  readonly reduce: { readonly base: number; readonly perToken: number }
  /** Scheduler and launch cost of a step, milliseconds. */
  readonly fixedMs: number
  /** KV tokens that fit beside the weights. */
  readonly gpuTokens: number
}

/** T = dense(n) + L·(attention of decodes and chunks) + head + all-reduce + fixed. Decodes of unequal context cost as their mean. */
export function stepTimeOf(profile: GpuProfile): StepTime {
  const { attention, layers } = profile
  const decodePerToken = (profile.kvBytesPerToken / layers / attention.kvBytesPerSecond) * 1e6
  return (load) => {
    let layer = attention.base + attention.perDecode * load.decodes + decodePerToken * load.decodeContext + chunkTime(attention, load)
    layer += 2 * (profile.reduce.base + profile.reduce.perToken * load.tokens)
    const head = profile.headMs.base + profile.headMs.perSequence * load.heads
    return interpolate(profile.denseMs, load.tokens) + (layers * layer) / 1000 + head + profile.fixedMs
  }
}

function chunkTime(attention: GpuProfile['attention'], load: StepLoad): number {
  let time = 0
  for (let index = 0; index < load.chunkTokens.length; index++) {
    const tokens = load.chunkTokens[index] as number
    const context = load.chunkContext[index] as number
    time += attention.perChunk + attention.perChunkToken * tokens
    time += attention.perTokenTimesContext * tokens * context + (attention.perTokenSquared * tokens * tokens) / 2
  }
  return time
}
