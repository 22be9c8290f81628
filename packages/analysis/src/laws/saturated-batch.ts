import { mean, type StepLoad } from '@infermesh/serving'
import { type Law, near } from './law.ts'
import { drive, type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

/** Twice the context, half the batch: memory alone bounds how many decode together. */
export const saturatedBatch = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.saturated-batch',
  source: 'b* = KV tokens / E[context] of running requests',
  run: () => near(2, saturated(make, 512) / saturated(make, 1_024), 0.05),
})

function saturated(make: EngineMaker, promptTokens: number): number {
  const batches: number[] = []
  const stepTime = (load: StepLoad): number => {
    batches.push(load.decodes)
    return 10 + load.tokens / 10
  }
  const engine = make({ ...plainOptions, blocks: 2_000, stepTime, stepTokensMax: 4_096 })
  const arrivals = Array.from({ length: 400 }, (_, index) => ({
    at: 0,
    request: { id: `r${index}`, promptTokens, answerTokens: promptTokens / 8 },
  }))
  drive(engine, arrivals)
  const middle = batches.slice(Math.floor(batches.length * 0.2), Math.floor(batches.length * 0.8))
  return mean(middle)
}
