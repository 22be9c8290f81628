import { compute, type JobResult, type Millis, request, setTimer } from '@infermesh/kernel'
import {
  answerHashOf,
  bodyHashOf,
  digestOf,
  type Envelope,
  encodeCbor,
  evidenceDigestOf,
  fromHex,
  type Message,
  type PeerEffect,
  type PeerServices,
  type Receipt,
  type Verdict,
} from '@infermesh/protocol'
import type { ModelRecord } from '@infermesh/protocol/ledger'
import { referenceAnswer } from '../operator/answer.ts'
import { type EngineJob, jobFor, tokensOf } from '../operator/engine/computed-answer.ts'
import { type Opening, type Turn, turnKey } from './opening.ts'
import type { VerifierConfig } from './verifier-config.ts'
import { type Fetched, WeightsCache } from './weights-cache.ts'

/** A receipt on the bench: it waits, its work is fetched, its weights are, it is executed. */
interface Job {
  readonly turn: Turn
  readonly receipt: Envelope<'receipt'>
  readonly model: ModelRecord
  readonly since: Millis
  isRunning: boolean
  asked: number
  prompt: Uint8Array | undefined
  /** What an engine has made so far, from the answer's start. */
  readonly made: number[]
}

export interface Finished extends Opening {
  readonly tookMs: Millis
}

export interface Worked {
  readonly effects: PeerEffect[]
  readonly finished: readonly Finished[]
}

const WORK = 'work/'
const EXECUTE = 'execute/'
const ASKS_MAX = 2

/** Looks at receipts at the speed of the verifier's profile. Only it knows that the work takes time. */
export class Workbench {
  readonly #config: Required<VerifierConfig>
  readonly #services: PeerServices
  readonly #weights: WeightsCache
  readonly #jobs = new Map<string, Job>()

  constructor(config: Required<VerifierConfig>, services: PeerServices) {
    this.#config = config
    this.#services = services
    this.#weights = new WeightsCache(config.blobBytesMax, services)
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    this.#weights.restore(saved)
  }

  backlog(): number {
    return this.#jobs.size
  }

  /** False when there is no room. */
  canTake(): boolean {
    return this.#jobs.size < this.#config.backlogMax
  }

  take(turn: Turn, { receipt, model }: { receipt: Envelope<'receipt'>; model: ModelRecord }, now: Millis): Worked {
    this.#jobs.set(turnKey(turn), { turn, receipt, model, since: now, isRunning: false, asked: 0, prompt: undefined, made: [] })
    return this.#startWaiting(now)
  }

  has(turn: Turn): boolean {
    return this.#jobs.has(turnKey(turn))
  }

  /** The audit went on without this verifier: what is not done yet need not be. */
  abandon(turn: Turn, now: Millis): Worked {
    this.#jobs.delete(turnKey(turn))
    return this.#startWaiting(now)
  }

  owns(callIdOrKey: string): boolean {
    return callIdOrKey.startsWith(WORK) || callIdOrKey.startsWith(EXECUTE) || this.#weights.owns(callIdOrKey)
  }

  onResponse(callId: string, message: Message, now: Millis): Worked {
    if (this.#weights.owns(callId)) return this.#onWeights(this.#weights.onResponse(callId, message), now)
    const job = this.#jobs.get(callId.slice(WORK.length))
    if (job === undefined) return idle
    if (message.type !== 'Work') return this.#finish(job, { verdict: 'unavailable', tokens: [] }, now)
    // Another prompt than the one in the receipt is as good as none.
    if (bodyHashOf(this.#services.crypto.hash, message.prompt) !== job.receipt.payload.bodyHash)
      return this.#finish(job, { verdict: 'unavailable', tokens: [] }, now)
    job.prompt = message.prompt
    return this.#prepare(job, now)
  }

  onFailed(callId: string, now: Millis): Worked {
    if (this.#weights.owns(callId)) return this.#onWeights(this.#weights.onFailed(callId), now)
    const job = this.#jobs.get(callId.slice(WORK.length))
    if (job === undefined) return idle
    return job.asked < ASKS_MAX
      ? { effects: [this.#askWork(job)], finished: [] }
      : this.#finish(job, { verdict: 'unavailable', tokens: [] }, now)
  }

  onTimer(key: string, now: Millis): Worked {
    const job = this.#jobs.get(key.slice(EXECUTE.length))
    return job?.prompt === undefined ? idle : this.#finish(job, this.#execute(job.receipt.payload, job.prompt), now)
  }

  /** An engine's tokens, to be compared with what the receipt says. */
  onComputed(callId: string, result: JobResult, last: boolean, now: Millis): Worked {
    const job = this.#jobs.get(callId.slice(EXECUTE.length))
    if (job === undefined) return idle
    const made = tokensOf(result)
    if (made === undefined) return this.#finish(job, { verdict: 'inconclusive', tokens: [] }, now)
    job.made.push(...made)
    return last
      ? this.#finish(job, this.#compare(job.receipt.payload, job.prompt ?? NO_PROMPT, job.made.slice(job.receipt.payload.from)), now)
      : idle
  }

  /** What to compute, where an engine does. A proxied answer can't be made again. */
  #jobOf({ receipt, model, prompt }: Job): EngineJob | undefined {
    const { payload } = receipt
    const weights = this.#weights.get(model.blob)
    if (prompt === undefined || weights === undefined) return undefined
    return jobFor({ manifest: payload, weights, prompt, maxTokens: payload.to, seed: payload.seed }, {})
  }

  #startWaiting(now: Millis): Worked {
    const effects: PeerEffect[] = []
    const running = [...this.#jobs.values()].filter(({ isRunning }) => isRunning).length
    const free = Math.max(0, this.#config.profile.slots - running)
    for (const job of [...this.#jobs.values()].filter(({ isRunning }) => !isRunning).slice(0, free)) {
      job.isRunning = true
      effects.push(...(job.prompt === undefined ? [this.#askWork(job)] : this.#prepare(job, now).effects))
    }
    return { effects, finished: [] }
  }

  #askWork(job: Job): PeerEffect {
    job.asked++
    const message = { type: 'FetchWork', receipt: job.receipt.id } as const
    return request({ callId: WORK + turnKey(job.turn), to: job.receipt.signer, stream: 'fetch', message, timeout: this.#config.workWithin })
  }

  #prepare(job: Job, now: Millis): Worked {
    const { blob } = job.model
    if (!this.#weights.has(blob)) return this.#onWeights(this.#weights.fetch(blob), now)
    const again = this.#jobOf(job)
    if (again !== undefined) return { effects: [compute(EXECUTE + turnKey(job.turn), again)], finished: [] }
    return { effects: [setTimer(EXECUTE + turnKey(job.turn), this.#effort(job.receipt.payload))], finished: [] }
  }

  #onWeights({ effects, ended }: Fetched, now: Millis): Worked {
    const worked = { effects: [...effects], finished: [] as Finished[] }
    if (ended === undefined) return worked
    for (const job of [...this.#jobs.values()].filter(({ model, prompt }) => prompt !== undefined && model.blob === ended.blob)) {
      const next = ended.isHere ? this.#prepare(job, now) : this.#finish(job, { verdict: 'inconclusive', tokens: [] }, now)
      worked.effects.push(...next.effects)
      worked.finished.push(...next.finished)
    }
    return worked
  }

  /** It reads what the stretch continued and makes the stretch anew. */
  #effort({ promptTokens, from, to }: Receipt): Millis {
    const { prefillTokensPerSecond, decodeMsPerToken } = this.#config.profile
    return Math.round(((promptTokens + from) * 1000) / prefillTokensPerSecond + (to - from) * decodeMsPerToken)
  }

  #execute(receipt: Receipt, prompt: Uint8Array): { readonly verdict: Verdict; readonly tokens: readonly number[] } {
    const { hash } = this.#services.crypto
    const answer = referenceAnswer({ hash, weightsRoot: fromHex(receipt.weightsRoot), prompt, request: receipt })
    return this.#compare(receipt, prompt, answer.tokens(receipt.from, receipt.to - receipt.from))
  }

  #compare(
    receipt: Receipt,
    prompt: Uint8Array,
    tokens: readonly number[],
  ): { readonly verdict: Verdict; readonly tokens: readonly number[] } {
    const { hash } = this.#services.crypto
    return { verdict: answerHashOf(hash, prompt, tokens) === receipt.outputHash ? 'match' : 'mismatch', tokens }
  }

  #finish(job: Job, { verdict, tokens }: { verdict: Verdict; tokens: readonly number[] }, now: Millis): Worked {
    this.#jobs.delete(turnKey(job.turn))
    const { crypto, identity } = this.#services
    const evidenceDigest = evidenceDigestOf(crypto.hash, identity.peerId, tokens)
    const salt = saltOf(this.#services, job.turn)
    const next = this.#startWaiting(now)
    return { effects: next.effects, finished: [{ ...job.turn, verdict, evidenceDigest, salt, tookMs: now - job.since }] }
  }
}

const NO_PROMPT = new Uint8Array(0)
const idle: Worked = { effects: [], finished: [] }

/** Nobody else can know it, and after a restart it is the same. */
export const saltOf = ({ crypto, identity }: PeerServices, turn: Turn): string =>
  digestOf(crypto.hash, identity.privateKey, encodeCbor(['verdict salt', turnKey(turn)])).slice(0, 32)
