import type { Job, JobResult } from '@infermesh/kernel'
import { type ErrorCode, type Manifest, promptTextOf } from '@infermesh/protocol'
import type { TokenClock } from '../execution.ts'

/** A model of bytes, run by content hash: equal jobs give equal tokens everywhere. */
export interface OnnxJob extends Job {
  readonly kind: 'onnx'
  /** SHA-256 of `model`, hex. */
  readonly root: string
  readonly model: Uint8Array
  /** UTF-8. */
  readonly prompt: Uint8Array
  readonly maxTokens: number
  readonly seed: number
}

/** A model that another server runs. */
export interface ProxyJob extends Job {
  readonly kind: 'openai'
  readonly upstream: Upstream
  readonly prompt: Uint8Array
  readonly maxTokens: number
  readonly seed: number
}

/** An OpenAI-compatible server and its own name for the model. */
export interface Upstream {
  /** Up to and with `/v1`. */
  readonly url: string
  readonly model: string
}

export type EngineJob = OnnxJob | ProxyJob

/** Engine builds of manifests whose answers a world's engine computes. */
export const ONNX_BUILD = 'onnx/1'
export const PROXY_BUILD = 'openai/1'

export interface JobInput {
  readonly manifest: Pick<Manifest, 'model' | 'engineBuild' | 'weightsRoot'>
  readonly weights: Uint8Array
  readonly prompt: Uint8Array
  readonly maxTokens: number
  readonly seed: number
}

/** The job that answers, or `undefined` when the reference engine does. */
export function jobFor({ manifest, weights, ...input }: JobInput, upstreams: Readonly<Record<string, Upstream>>): EngineJob | undefined {
  const asked = { ...input, prompt: promptTextOf(input.prompt) }
  const { model, engineBuild, weightsRoot } = manifest
  if (engineBuild === ONNX_BUILD) return { kind: 'onnx', root: weightsRoot, model: weights, ...asked }
  const upstream = Object.hasOwn(upstreams, model) ? upstreams[model] : undefined
  return engineBuild === PROXY_BUILD && upstream !== undefined ? { kind: 'openai', upstream, ...asked } : undefined
}

/** Call ids of jobs. */
export const JOB_PREFIX = 'job/'

/** An answer that comes from a job: its tokens are due when they are there. */
export class ComputedAnswer implements TokenClock {
  readonly #made: number[] = []
  readonly #before: readonly number[]
  #taken: number
  #isOver = false

  /** `before` was delivered by an earlier attempt; the job makes it again and it is passed over. */
  constructor(before: readonly number[]) {
    this.#before = before
    this.#taken = before.length
  }

  add(tokens: readonly number[], last: boolean): void {
    this.#made.push(...tokens)
    this.#isOver = last
  }

  /** Whether the job makes other tokens than those that were delivered. */
  strays(): boolean {
    return this.#before.some((token, index) => index < this.#made.length && token !== this.#made[index])
  }

  take(left: number): number {
    const taken = Math.max(0, Math.min(left, this.#made.length - this.#taken))
    this.#taken += taken
    return taken
  }

  wait(): undefined {
    return undefined
  }

  /** Nothing more will come, and all is taken. */
  isOver(): boolean {
    return this.#isOver && this.#taken >= this.#made.length
  }

  tokens(from: number, count: number): number[] {
    return this.#made.slice(from, from + count)
  }
}

/** The tokens of a good result. What an engine hands back is checked, because a world's engine is not this machine's code. */
export function tokensOf(result: JobResult): readonly number[] | undefined {
  if (!result.ok || !Array.isArray(result.value)) return undefined
  return result.value.every((token) => typeof token === 'number' && Number.isSafeInteger(token) && token >= 0) ? result.value : undefined
}

/** What a client is told of a job that failed. */
export function jobRefusal(result: JobResult): { readonly code: ErrorCode; readonly detail: string } {
  if (result.ok) return { code: 'upstream-lost', detail: 'expected token ids from the engine, found something else' }
  return { code: codes[result.code] ?? 'upstream-lost', detail: result.detail }
}

const codes: Readonly<Record<string, ErrorCode>> = {
  'hash-mismatch': 'hash-mismatch',
  'bad-input': 'bad-request',
  'bad-model': 'not-serving',
}
