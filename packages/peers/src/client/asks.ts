import { cancel, clearTimer, emit, type Failure, type Millis, type PeerId, request, setTimer } from '@infermesh/kernel'
import {
  bodyHashOf,
  type Message,
  type MessageOf,
  type PeerEffect,
  type PeerServices,
  type Request,
  requestIdOf,
  type Signer,
  toHex,
  traceparentOf,
} from '@infermesh/protocol'
import { Ask, type Ending, type Hearing } from './ask.ts'
import { Attempts, type Objection } from './attempts.ts'
import { highestCharge, promptTokensOf } from './charge.ts'
import type { ClientConfig } from './client-config.ts'
import { GatewayChoice } from './gateway-choice.ts'
import type { OpenedRequest } from './opened-request.ts'
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
  readonly ask: Ask<OpenedRequest>
  readonly attempts: Attempts
  readonly deadline: Millis
  gateway: PeerId
  callId: string
  sentAt: Millis
}

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
    const { services, signer } = this.#parts
    const gateway = this.#choice.next(undefined, now)
    const { payload, requestId } = this.#terms(submission, now)
    const opened = { requestId, envelope: signer.sign('request', payload, now), prompt: submission.prompt }
    const ask = new Ask({ opened, caller, canTakeBack: !submission.stream }, services, now)
    const open: Open = { ask, attempts: new Attempts(this.#choice.all()), deadline: payload.deadline, gateway, callId: '', sentAt: now }
    this.#open.set(requestId, open)
    this.#byCaller.set(caller, open)
    const wait = payload.deadline - now + DEADLINE_GRACE
    return [ask.started(), setTimer(DEADLINE_PREFIX + requestId, wait), ...this.#send(open, now)]
  }

  onResponse(callId: string, message: Message, last: boolean, now: Millis): PeerEffect[] {
    const open = this.#byCall.get(callId)
    if (open === undefined) return []
    const manifest = this.#parts.prices.get(open.ask.opened.envelope.payload.model)
    const effects = this.#onHeard(open, open.ask.hear(message, manifest, now), now)
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
    const detail = `the deadline passed after ${open.ask.answer.count()} tokens`
    return this.#end(open, failedWith({ code: 'deadline-passed', detail }), now)
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
    const { requestId, envelope } = ask.opened
    const attempt = open.attempts.sent()
    const message = messageOf(open)
    ask.sentTo(gateway)
    open.callId = `${INFER_PREFIX}${this.#calls++}`
    open.sentAt = now
    this.#byCall.set(open.callId, open)
    const { model, promptTokens, maxTokens, maxCharge } = envelope.payload
    const deadlineMs = open.deadline - now
    const event = { type: 'requestSent', requestId, model, gateway, promptTokens, maxTokens, maxCharge, deadlineMs, attempt } as const
    const call = { callId: open.callId, to: gateway, stream: 'infer', timeout: this.#parts.config.gatewaySilence }
    return [...this.#parts.prices.learn(model, gateway), emit(event), request({ ...call, message })]
  }

  #onHeard(open: Open, heard: Hearing, now: Millis): PeerEffect[] {
    return [...heard.effects, ...this.#follow(open, heard, now)]
  }

  #follow(open: Open, heard: Hearing, now: Millis): PeerEffect[] {
    switch (heard.state) {
      case 'going':
        return []
      case 'done': {
        const { finish, resumed } = heard.completed
        return this.#end(open, { outcome: 'ok', finish, resumed: resumed || open.attempts.count() > 1 }, now)
      }
      case 'refused':
        return this.#onRefused(open, heard.refusal, now)
      case 'fault':
        return this.#onFault(open, heard.detail, now)
      case 'broken':
        return this.#end(open, failedWith({ code: 'answer-tampered', detail: heard.detail }), now)
    }
  }

  #onRefused(open: Open, { code, detail, retryAfter }: MessageOf<'Refused'>, now: Millis): PeerEffect[] {
    // The gateway speaks for operators that found other tokens than an earlier attempt brought. It is no worse than another.
    if (code === 'prefix-mismatch') return [...open.ask.restart(detail, now), ...this.#elsewhere(open, detail, now)]
    const objection = { code, detail, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) }
    const { leaseWait } = this.#parts.services.directory.genesis.parameters.serving
    // Who has waited for a holder as long as gateways wait may be believed: another would only wait again.
    const isOver = open.deadline <= now || now - open.sentAt >= leaseWait
    return isOver ? this.#end(open, failedWith(open.attempts.explain(objection)), now) : this.#object(open, objection, now)
  }

  /** The manifest that receipts were checked with may come from a liar as well, so it is asked for again. */
  #onFault(open: Open, detail: string, now: Millis): PeerEffect[] {
    this.#choice.lied(open.gateway, now)
    this.#parts.prices.forget(open.ask.opened.envelope.payload.model)
    return this.#object(open, { code: 'answer-tampered', detail }, now)
  }

  #object(open: Open, objection: Objection, now: Millis): PeerEffect[] {
    open.attempts.object(open.gateway, objection)
    return open.attempts.isFinal(objection) ? this.#giveUp(open, objection, now) : this.#elsewhere(open, objection.detail, now)
  }

  /** The same request again, at the next gateway; what receipts vouch for stays, and after a loss all that came. */
  #elsewhere(open: Open, reason: string, now: Millis): PeerEffect[] {
    const { config, services } = this.#parts
    const { requestId } = open.ask.opened
    const name = services.directory.nameOf(open.gateway)
    const stopped = this.#stop(open)
    this.#choice.failed(open.gateway, now)
    const tries = open.attempts.count()
    if (tries >= config.attempts) {
      const detail = `${tries} attempts failed, the last at ${name}: ${reason}`
      return [...stopped, ...this.#giveUp(open, { code: 'upstream-lost', detail }, now)]
    }
    open.gateway = this.#choice.next(open.gateway, now, open.attempts.objectors())
    const rounds = open.attempts.rounds()
    if (rounds === 0) return [...stopped, ...this.#send(open, now)]
    return [...stopped, setTimer(RETRY_PREFIX + requestId, config.retryAfter * (1 << (rounds - 1)))]
  }

  #giveUp(open: Open, last: Objection, now: Millis): PeerEffect[] {
    return this.#end(open, failedWith(open.attempts.explain(last)), now)
  }

  #stop(open: Open): PeerEffect[] {
    return this.#byCall.delete(open.callId) ? [cancel(open.callId)] : []
  }

  #end(open: Open, ending: Ending, now: Millis): PeerEffect[] {
    const { ask } = open
    const { requestId } = ask.opened
    this.#open.delete(requestId)
    this.#byCaller.delete(ask.caller)
    const timers = [clearTimer(DEADLINE_PREFIX + requestId), clearTimer(RETRY_PREFIX + requestId)]
    return [...this.#stop(open), ...timers, ...ask.end(ending, now)]
  }
}

/** What goes to the next gateway: the request alone, or with what an earlier attempt brought. */
function messageOf({ ask }: Open): MessageOf<'Infer'> | MessageOf<'Resume'> {
  const { answer, opened } = ask
  const { envelope, prompt } = opened
  const operator = answer.operator()
  const asked = { request: envelope.bytes, prompt }
  if (answer.count() === 0 && operator === undefined) return { type: 'Infer', ...asked }
  const held = { tokens: [...answer.tokens()], vouched: answer.vouched() }
  return { type: 'Resume', ...asked, ...held, operator, attempt: ask.dispatches() }
}

const failedWith = (why: Objection): Ending => ({ outcome: 'failed', ...why })

/** The gateway says so first, unless it is lost. */
const DEADLINE_GRACE: Millis = 500
const SEEDS = 0x100000000
