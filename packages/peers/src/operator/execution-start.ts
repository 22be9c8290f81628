import type { Cryptography, Millis } from '@infermesh/kernel'
import type { Answerer } from './answer.ts'
import { ComputedAnswer, type EngineJob, jobFor, type Upstream } from './engine/computed-answer.ts'
import type { Execution, Progress, TokenClock, UsableModel } from './execution.ts'

export interface StartParts {
  readonly hash: Cryptography['hash']
  readonly answerer: Answerer
  readonly upstreams: Readonly<Record<string, Upstream>>
  /** Of an answer that no job makes. */
  readonly clock: () => TokenClock
}

export interface Started {
  readonly progress: Extract<Progress, { readonly state: 'running' }>
  /** What the world is asked to compute, if anything. */
  readonly job: EngineJob | undefined
}

/** The state in which an execution begins to make tokens. */
export function startOf({ opened, tokens }: Execution, model: UsableModel, parts: StartParts, now: Millis): Started {
  const { manifest, weights, weightsRoot } = model
  const { prompt } = opened
  const request = opened.envelope.payload
  const { maxTokens, seed } = request
  const job = jobFor({ manifest, weights, prompt, maxTokens, seed }, parts.upstreams)
  const stretch = { from: tokens.length, startedAt: now }
  if (job !== undefined) {
    const computed = new ComputedAnswer([...tokens])
    return { job, progress: { state: 'running', model, generator: computed, clock: computed, stretch } }
  }
  const generator = parts.answerer({ hash: parts.hash, weightsRoot, prompt, request })
  return { job, progress: { state: 'running', model, generator, clock: parts.clock(), stretch } }
}
