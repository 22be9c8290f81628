import { cancel, clearTimer, emit, type Failure, type Millis, type PeerId, request, respond, setTimer } from '@infermesh/kernel'
import {
  bodyHashOf,
  type ErrorCode,
  type Message,
  type PeerEffect,
  type PeerServices,
  type Request,
  requestIdOf,
  type Signer,
  toHex,
  traceparentOf,
} from '@infermesh/protocol'
import type { AnswerEvent } from './answer-events.ts'
import { Ask, type Taken } from './ask.ts'
import { highestCharge, promptTokensOf } from './charge.ts'
import type { ClientConfig } from './client-config.ts'
import { GatewayChoice } from './gateway-choice.ts'
import type { PriceBook } from './price-book.ts'
import type { Submission } from './submission.ts'

/** Call ids of requests to gateways. */
export const INFER_PREFIX = 'infer/'
/** Timers, one of each kind for a request. */
export const DEADLINE_PREFIX = 'deadline/'
export const RETRY_PREFIX = 'retry/'

export interface AsksParts {
  readonly config: Required<ClientConfig>
  readonly services: PeerServices
  readonly signer: Signer
  readonly prices: PriceBook
}

interface Open {
  readonly ask: Ask
  /** The local call that hears the answer. */
  readonly caller: string
  readonly deadline: Millis
  gateway: PeerId
  callId: string
  tries: number
}

type Ending = Pick<Extract<AnswerEvent, { readonly kind: 'ended' }>, 'outcome' | 'code' | 'detail' | 'finish' | 'resumed' | 'retryAfterMs'>

/** The requests that a client waits for. */
export class Asks {
  readonly #parts: AsksParts
  readonly #choice: GatewayChoice
  readonly #open = new Map<string, Open>()
  readonly #byCall = new Map<string, Open>()
  readonly #byCaller = new Map<string, Open>()
  #calls = 0

  constructor(parts: AsksParts) {
    this.#parts = parts
    this.#choice = new GatewayChoice(parts.config.gateways, parts.services.random.fork('gateway'))
  }

  size(): number {
    return this.#open.size
  }

  submit(submission: Submission, caller: string, now: Millis): PeerEffect[] {
    const { services, signer, prices } = this.#parts
    const gateway = this.#choice.next(undefined, now)
    const { payload, requestId } = this.#terms(submission, now)
    const envelope = signer.sign('request', payload, now)
    const ask = new Ask({ requestId, envelope, prompt: submission.prompt }, services, now)
    const open: Open = { ask, caller, deadline: payload.deadline, gateway, callId: '', tries: 0 }
    this.#open.set(requestId, open)
    this.#byCaller.set(caller, open)
    const wait = payload.deadline - now + DEADLINE_GRACE
    return [
      ...say(open, { kind: 'started', requestId }),
      setTimer(DEADLINE_PREFIX + requestId, wait),
      ...prices.learn(submission.model, gateway),
      ...this.#send(open, now),
    ]
  }

  onResponse(callId: string, message: Message, last: boolean, now: Millis): PeerEffect[] {
    const open = this.#byCall.get(callId)
    if (open === undefined) return []
    const effects = this.#onAnswer(open, message, now)
    const isOver = this.#byCall.get(callId) !== open
    return last && !isOver ? [...effects, ...this.#elsewhere(open, 'the gateway ended without a word', now)] : effects
  }

  onFailed(callId: string, failure: Failure, now: Millis): PeerEffect[] {
    const open = this.#byCall.get(callId)
    return open === undefined ? [] : this.#elsewhere(open, `${failure.code}: ${failure.detail}`, now)
  }

  /** The local caller is gone: nobody wants the rest. */
  onCancelled(caller: string, now: Millis): PeerEffect[] {
    const open = this.#byCaller.get(caller)
    return open === undefined ? [] : this.#end(open, { outcome: 'cancelled' }, now)
  }

  onDeadline(requestId: string, now: Millis): PeerEffect[] {
    const open = this.#open.get(requestId)
    if (open === undefined) return []
    return this.#end(
      open,
      { outcome: 'failed', code: 'deadline-passed', detail: `the deadline passed after ${open.ask.count()} tokens` },
      now,
    )
  }

  onRetry(requestId: string, now: Millis): PeerEffect[] {
    const open = this.#open.get(requestId)
    return open === undefined || this.#byCall.has(open.callId) ? [] : this.#send(open, now)
  }

  #terms(submission: Submission, now: Millis): { readonly payload: Request; readonly requestId: string } {
    const { config, services, prices } = this.#parts
    const { hash } = services.crypto
    const { model, prompt, maxTokens } = submission
    const nonce = toHex(Uint8Array.from({ length: 16 }, () => services.random.below(256)))
    const bodyHash = bodyHashOf(hash, prompt)
    const requestId = requestIdOf(hash, services.identity.peerId, { nonce, bodyHash })
    const size = { promptTokens: promptTokensOf(prompt), maxTokens }
    const manifest = prices.get(model)
    const { serving } = services.directory.genesis.parameters
    const highest = manifest === undefined ? config.maxCharge : highestCharge(manifest.payload, size, serving)
    const payload = {
      ...{ nonce, bodyHash, model, ...size },
      seed: submission.seed ?? services.random.below(SEEDS),
      maxCharge: submission.maxCharge ?? highest,
      deadline: now + (submission.deadlineMs ?? config.deadline),
      trace: submission.trace ?? traceparentOf(requestId),
      session: submission.session,
    }
    return { payload, requestId }
  }

  #send(open: Open, now: Millis): PeerEffect[] {
    const { ask, gateway } = open
    const { requestId, envelope, prompt } = ask.opened
    open.tries++
    open.callId = `${INFER_PREFIX}${this.#calls++}`
    this.#byCall.set(open.callId, open)
    const { model, promptTokens, maxTokens, maxCharge } = envelope.payload
    const event = {
      type: 'requestSent',
      requestId,
      model,
      gateway,
      promptTokens,
      maxTokens,
      maxCharge,
      deadlineMs: open.deadline - now,
      attempt: open.tries,
    } as const
    const call = { callId: open.callId, to: gateway, stream: 'infer', timeout: this.#parts.config.gatewaySilence }
    return [emit(event), request({ ...call, message: { type: 'Infer', request: envelope.bytes, prompt } } as const)]
  }

  #onAnswer(open: Open, message: Message, now: Millis): PeerEffect[] {
    switch (message.type) {
      case 'Tokens':
        return this.#onTokens(open, open.ask.takeTokens(message, now), now)
      case 'Receipted':
        return this.#onReceipt(open, open.ask.takeReceipt(message, this.#parts.prices.get(open.ask.opened.envelope.payload.model)))
      case 'Completed':
        if (message.tokens !== open.ask.count() || message.tokens === 0)
          return this.#onFault(open, `it counts ${message.tokens} tokens`, now)
        return this.#end(open, { outcome: 'ok', finish: message.finish, resumed: message.resumed }, now)
      case 'Refused': {
        if (mayKnowBetter.includes(message.code) && open.tries < this.#choice.all().length)
          return this.#elsewhere(open, message.detail, now)
        const { code, detail, retryAfter } = message
        return this.#end(open, { outcome: 'failed', code, detail, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) }, now)
      }
      default:
        return this.#onFault(open, `it answered ${message.type}`, now)
    }
  }

  #onTokens(open: Open, taken: Taken, now: Millis): PeerEffect[] {
    if (taken.state === 'fault') return this.#onFault(open, taken.reason, now)
    if (taken.state === 'known' || taken.event.kind !== 'tokens') return []
    const { from, tokens } = taken.event
    const event = { type: 'tokensReceived', requestId: open.ask.opened.requestId, from, to: from + tokens.length } as const
    return [emit(event), ...say(open, taken.event)]
  }

  /** A receipt that does not fit costs nothing: it is not listed, and the answer is as good without it. */
  #onReceipt(open: Open, taken: Taken): PeerEffect[] {
    if (taken.state === 'fault') return [blame(open, taken.reason)]
    return taken.state === 'known' ? [] : say(open, taken.event)
  }

  #onFault(open: Open, reason: string, now: Millis): PeerEffect[] {
    return [blame(open, reason), ...this.#elsewhere(open, reason, now)]
  }

  /** The same request again, at the next gateway; what came so far stays. */
  #elsewhere(open: Open, reason: string, now: Millis): PeerEffect[] {
    const { config, services } = this.#parts
    const { requestId } = open.ask.opened
    const name = services.directory.nameOf(open.gateway)
    const stopped = this.#stop(open)
    this.#choice.failed(open.gateway, now)
    if (open.tries >= config.attempts) {
      const detail = `${open.tries} attempts failed, the last at ${name}: ${reason}`
      return [...stopped, ...this.#end(open, { outcome: 'failed', code: 'upstream-lost', detail }, now)]
    }
    open.gateway = this.#choice.next(open.gateway, now)
    const rounds = Math.floor(open.tries / this.#choice.all().length)
    if (rounds === 0) return [...stopped, ...this.#send(open, now)]
    return [...stopped, setTimer(RETRY_PREFIX + requestId, config.retryAfter * (1 << (rounds - 1)))]
  }

  #stop(open: Open): PeerEffect[] {
    return this.#byCall.delete(open.callId) ? [cancel(open.callId)] : []
  }

  #end(open: Open, ending: Ending, now: Millis): PeerEffect[] {
    const { ask, caller } = open
    const { requestId, envelope } = ask.opened
    this.#open.delete(requestId)
    this.#byCaller.delete(caller)
    const summary = ask.summary(now)
    const { outcome, code, detail } = ending
    const event = {
      ...{ type: 'requestEnded', requestId, model: envelope.payload.model, outcome, tokens: ask.count(), totalMs: now - ask.startedAt },
      ...(code === undefined ? {} : { code, detail: detail ?? '' }),
      ...(summary.ttftMs === undefined ? {} : { ttftMs: summary.ttftMs, outputHash: ask.outputHash() }),
    } as const
    const timers = [clearTimer(DEADLINE_PREFIX + requestId), clearTimer(RETRY_PREFIX + requestId)]
    return [...this.#stop(open), ...timers, emit(event), ...say(open, { ...summary, ...ending }, true)]
  }
}

const say = ({ caller }: Open, event: AnswerEvent, last = false): PeerEffect[] => [
  respond(caller, { type: 'CommandDone', result: JSON.stringify(event) }, last),
]

const blame = ({ gateway, ask }: Open, reason: string): PeerEffect =>
  emit({ type: 'refusedInput', from: gateway, what: `answer to ${ask.opened.requestId}`, reason })

/** Refusals that another gateway may not share: it hears other operators, or has more room. */
const mayKnowBetter: readonly string[] = ['overloaded', 'no-operator', 'upstream-lost'] satisfies readonly ErrorCode[]

/** The gateway says so first, unless it is lost. */
const DEADLINE_GRACE: Millis = 500
const SEEDS = 0x100000000
