import type { GpuProfile } from '@infermesh/serving'
import type { PagedEngineConfig } from '../src/operator/engine/engine-config.ts'

/** 10 ms a step and 0.1 ms a new token; nothing else costs anything. */
export const smallGpu: GpuProfile = {
  name: 'small',
  layers: 1,
  kvBytesPerToken: 1_000,
  denseMs: { at: [1, 1_001], value: [10.1, 110.1] },
  attention: { base: 0, perDecode: 0, kvBytesPerSecond: 1e18, perChunk: 0, perChunkToken: 0, perTokenTimesContext: 0, perTokenSquared: 0 },
  headMs: { base: 0, perSequence: 0 },
  reduce: { base: 0, perToken: 0 },
  fixedMs: 0,
  gpuTokens: 16_000,
}

export const smallEngine: PagedEngineConfig = { kind: 'paged', profile: smallGpu, blocks: 1_000, blockSize: 16 }
