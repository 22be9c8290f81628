import { emit, type Millis, respond } from '@infermesh/kernel'
import type { Envelope, ErrorCode, Manifest, Message, MessageOf, PeerEffect, ToldTokens } from '@infermesh/protocol'
import type { Generator, SpeedProfile } from '@infermesh/serving'
import type { OpenedRequest } from '../client/opened-request.ts'
import type { UntoldTokens } from '../untold-tokens.ts'

/** A model that may be executed now, with what actually lies in memory. */
export interface UsableModel {
  readonly manifest: Manifest
  /** SHA-256 of the plain weights in memory, 32 bytes. */
  readonly weightsRoot: Uint8Array
  readonly weights: Uint8Array
  /** Envelope id of the attestation that a private model's receipts name. */
  readonly attestation?: string
}

export type ModelAnswer =
  | { readonly ok: true; readonly model: UsableModel }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string }

/** One attempt at one request, from its acceptance to its end. Token counts are of the whole answer. */
export interface Execution {
  /** The world's name of the call that began it. */
  readonly id: string
  /** Calls that hear the answer: more than one when a client came back through another gateway. */
  readonly listeners: Set<string>
  readonly opened: OpenedRequest
  readonly dispatch: Envelope<'dispatch'>
  /** Answer so far, with what was there before. */
  readonly tokens: number[]
  /** Tokens that were there when it began. */
  readonly from: number
  readonly untold: UntoldTokens
  progress: Progress
}

export type Progress =
  | { readonly state: 'queued'; readonly since: Millis }
  | {
      readonly state: 'running'
      readonly model: UsableModel
      readonly generator: Pick<Generator, 'tokens'>
      readonly clock: TokenClock
      /** The stretch that the next receipt covers. */
      stretch: { readonly from: number; readonly startedAt: Millis }
    }

export const tell = ({ listeners }: Pick<Execution, 'listeners'>, message: Message, last: boolean): PeerEffect[] =>
  [...listeners].map((listener) => respond(listener, message, last))

/** The trace hears which tokens this execution has made. */
export function toldMade({ opened, dispatch }: Execution, told: readonly ToldTokens[]): PeerEffect[] {
  const { model, epoch, attempt } = dispatch.payload
  return told.map((tokens) => emit({ type: 'tokensMade', requestId: opened.requestId, attempt, model, epoch, ...tokens }))
}

/** When an execution's tokens are made. */
export interface TokenClock {
  /** How many more tokens, at most `left`, are made by `now` and not taken yet. */
  take(left: number, now: Millis): number
  /** Time until the next batch, at most `left` tokens, is ready; `undefined` when the engine says so itself. */
  wait(left: number, made: boolean, now: Millis): Millis | undefined
  /** True when no more tokens will come, though fewer were made than asked for. */
  isOver?(): boolean
}

/** Tokens are sent in batches this far apart, so that a fast engine does not cost a timer for each token. */
const BATCH_EVERY: Millis = 50
const BATCH_TOKENS_MAX = 1024

/** When each token of an execution is made: the first at the end of the prefill, then one each `decodeMsPerToken`. */
export class DecodeClock implements TokenClock {
  readonly #msPerToken: number
  readonly #batch: number
  #nextAt: number

  /** `prefix` counts for the prefill: answer tokens that came from elsewhere are read like the prompt. */
  constructor(profile: SpeedProfile, promptTokens: number, startedAt: Millis) {
    this.#msPerToken = profile.decodeMsPerToken
    this.#batch = this.#msPerToken > 0 ? Math.max(1, Math.ceil(BATCH_EVERY / this.#msPerToken)) : BATCH_TOKENS_MAX
    this.#nextAt = startedAt + Math.round((promptTokens * 1000) / profile.prefillTokensPerSecond)
  }

  /** How many more tokens, at most `left`, are made by `now`. A process that stood still has not computed meanwhile. */
  take(left: number, now: Millis): number {
    if (now < this.#nextAt) return 0
    const due = this.#msPerToken > 0 ? 1 + Math.floor((now - this.#nextAt) / this.#msPerToken) : left
    const taken = Math.min(left, due, this.#batch * 2)
    this.#nextAt = taken < due ? now + this.#msPerToken : this.#nextAt + taken * this.#msPerToken
    return taken
  }

  /** Time until the next batch, at most `left` tokens, is ready. */
  wait(left: number, made: boolean, now: Millis): Millis {
    const behind = made ? Math.min(left, this.#batch) - 1 : 0
    return Math.max(0, Math.ceil(this.#nextAt + behind * this.#msPerToken - now))
  }
}

/** The good end of an answer. */
export function completed({ opened, dispatch, tokens, from }: Execution, now: Millis): MessageOf<'Completed'> {
  const finish = tokens.length >= opened.envelope.payload.maxTokens ? 'length' : 'stop'
  return { type: 'Completed', tokens: tokens.length, finish, epoch: dispatch.payload.epoch, endedAt: now, resumed: from > 0 }
}
