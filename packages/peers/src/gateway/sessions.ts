import { assertNever, cancel, clearTimer, emit, type Failure, type Millis, respond, setTimer } from '@infermesh/kernel'
import type { Message, MessageOf, PeerEffect } from '@infermesh/protocol'
import { type OpenedRequest, openRequest } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { checkAnswer } from './answer-check.ts'
import { Dispatcher, type DispatcherParts, type Route } from './dispatcher.ts'
import { entranceOf } from './entrance.ts'
import type { Funds } from './funds.ts'
import { mayGoElsewhere } from './next-step.ts'
import { RetryBudget } from './retry-budget.ts'
import { blame, catchUp, cut, disown, modelOf, type Phase, replay, requestOf, type Session, tell } from './session.ts'
import { completedBefore, type Why, waitedOut } from './session-end.ts'
import { type Head, headOf, sessionOf } from './session-start.ts'
import { SessionTable } from './session-table.ts'

/** Call ids of executions. */
export const EXECUTE_PREFIX = 'execute/'
/** Timers, one for each request's deadline. */
export const DEADLINE_PREFIX = 'deadline/'

export interface SessionsParts extends DispatcherParts {
  readonly funds: Funds
  /** Starts to look for a manifest; `onSearched` is called when that is over. */
  readonly search: (model: string, now: Millis) => readonly PeerEffect[]
}

type Running = Extract<Phase, { readonly state: 'running' }>

/** All requests that a gateway serves now: where they run, what was delivered, and where they go when that fails. */
export class Sessions {
  readonly #parts: SessionsParts
  readonly #dispatcher: Dispatcher
  readonly #budget: RetryBudget
  readonly #table: SessionTable
  #calls = 0

  constructor(parts: SessionsParts) {
    this.#parts = parts
    this.#dispatcher = new Dispatcher(parts)
    this.#budget = new RetryBudget(parts.config.retries)
    this.#table = new SessionTable(parts.config.remembered)
  }

  onStarted(now: Millis): void {
    this.#dispatcher.onStarted(now)
  }

  counts(): { readonly running: number; readonly waiting: number } {
    const all = this.#table.all()
    const running = all.filter(({ phase }) => phase.state === 'running').length
    return { running, waiting: all.length - running }
  }

  onInfer(message: MessageOf<'Infer'> | MessageOf<'Resume'>, listener: string, now: Millis): PeerEffect[] {
    const opened = openRequest(message.request, message.prompt, this.#parts.services, now)
    if (!opened.ok) return [respond(listener, refused(opened.refusal))]
    const { requestId } = opened.value
    const known = this.#table.get(requestId)
    if (known !== undefined) return this.#attach(known, listener)
    const ended = this.#table.ended(requestId)
    if (ended?.completed !== undefined) return [...replay(listener, ended), respond(listener, ended.completed)]
    const resume = message.type === 'Resume' ? message : undefined
    if ((resume?.tokens.length ?? 0) > opened.value.envelope.payload.maxTokens)
      return [respond(listener, refused({ code: 'bad-request', detail: 'more tokens than were asked for' }))]
    return this.#begin(opened.value, { head: headOf(resume, ended), listener, isNew: resume === undefined }, now)
  }

  /** The caller hung up or is gone. With the last one goes the operator's work. */
  onCancelled(listener: string): PeerEffect[] {
    const session = this.#table.byListener(listener)
    if (session === undefined) return []
    this.#table.unlisten(session, listener)
    return session.listeners.size > 0 ? [] : this.#close(session, undefined)
  }

  onDeadline(requestId: string, now: Millis): PeerEffect[] {
    const session = this.#table.get(requestId)
    if (session === undefined) return []
    const detail = `the deadline passed after ${session.tokens.length} of at most ${requestOf(session).maxTokens} tokens`
    return this.#refuse(session, { code: 'deadline-passed', detail }, now)
  }

  onResponse(callId: string, message: Message, last: boolean, now: Millis): PeerEffect[] {
    const session = this.#table.byCall(callId)
    if (session?.phase.state !== 'running') return []
    session.phase.heardAt = now
    const effects = this.#onAnswer(session, session.phase, message, now)
    const isOver = this.#table.byCall(callId) !== session
    return last && !isOver ? [...effects, ...this.#fail(session, { code: 'invalid', detail: 'it ended without a word' }, now)] : effects
  }

  onFailed(callId: string, failure: Failure, now: Millis): PeerEffect[] {
    const session = this.#table.byCall(callId)
    return session === undefined ? [] : this.#fail(session, failure, now)
  }

  /** The manifest that sessions waited for is here, or is nowhere. */
  onSearched(model: string, now: Millis): PeerEffect[] {
    const learning = this.#table.all().filter((session) => session.phase.state === 'learning' && modelOf(session) === model)
    return learning.flatMap((session) => this.#admit(session, now))
  }

  /** Something was learnt of leases or operators: waiting requests may go on, and some must not go on where they are. */
  onNews(now: Millis): PeerEffect[] {
    return this.#table.all().flatMap((session) => {
      if (session.phase.state === 'waiting') return this.#advance(session, now)
      if (session.phase.state !== 'running' || session.phase.epoch === 0) return []
      const target = this.#parts.leases.target(modelOf(session), now)
      const isFenced = target.state === 'holder' && target.epoch > session.phase.epoch
      return isFenced ? this.#fail(session, { code: 'stale-epoch', detail: `epoch ${target.epoch} has begun` }, now) : []
    })
  }

  onTick(now: Millis): PeerEffect[] {
    return this.#table.all().flatMap((session) => {
      const { phase } = session
      const alive = now - session.saidAt >= ALIVE_EVERY ? this.#alive(session, now) : []
      if (phase.state === 'waiting') return [...alive, ...this.#advance(session, now)]
      if (phase.state === 'running' && this.#isSuspect(phase, now)) {
        return [...alive, ...this.#fail(session, { code: 'suspected', detail: 'its heartbeats stopped' }, now)]
      }
      return alive
    })
  }

  #attach(session: Session, listener: string): PeerEffect[] {
    if (session.listeners.size >= LISTENERS_MAX) {
      return [respond(listener, refused({ code: 'overloaded', detail: `this request has ${LISTENERS_MAX} listeners already` }))]
    }
    this.#table.listen(session, listener)
    return catchUp(listener, session)
  }

  #begin(opened: OpenedRequest, { head, listener, isNew }: Beginning, now: Millis): PeerEffect[] {
    const { config } = this.#parts
    if (this.#table.size() >= config.running) {
      const detail = `this gateway serves ${this.#table.size()} requests, its limit`
      return [respond(listener, refused({ code: 'overloaded', detail, retryAfter: 1_000 }))]
    }
    const session = sessionOf(opened, head, now)
    this.#table.add(session)
    this.#table.listen(session, listener)
    this.#budget.onRequest()
    const wait = Math.max(0, requestOf(session).deadline - now)
    // Whoever brings tokens from elsewhere has them.
    const known = isNew || session.receipts.length > 0 ? replay(listener, session) : []
    const effects = [setTimer(DEADLINE_PREFIX + opened.requestId, wait), ...known]
    if (this.#parts.leases.manifest(modelOf(session)) !== undefined) return [...effects, ...this.#admit(session, now)]
    return [...effects, ...this.#parts.search(modelOf(session), now)]
  }

  /** The price can be checked once the manifest is known. */
  #admit(session: Session, now: Millis): PeerEffect[] {
    const { services, leases, funds } = this.#parts
    const { serving } = services.directory.genesis.parameters
    const { refusal, effects } = entranceOf(session, leases.manifest(modelOf(session))?.payload, { funds, serving }, now)
    if (refusal !== undefined) return [...effects, ...this.#refuse(session, refusal, now)]
    if (session.tokens.length >= requestOf(session).maxTokens) {
      // An earlier session may have ended between the last token and the operator's word that it was the last.
      if (session.vouched === session.tokens.length) return [...effects, ...this.#complete(session, completedBefore(session, now), now)]
      // There must be something to make, or nobody could sign for the rest.
      cut(session)
    }
    return [...effects, ...this.#advance(session, now)]
  }

  #advance(session: Session, now: Millis): PeerEffect[] {
    const { serving } = this.#parts.services.directory.genesis.parameters
    const routing = this.#dispatcher.route(session, now)
    if (routing.state === 'refuse') return this.#refuse(session, routing.refusal, now)
    if (routing.state === 'route') {
      if (session.tries < serving.attempts && session.attempt < ATTEMPTS_MAX) return this.#dispatch(session, routing.route, now)
      return this.#refuse(session, session.lastRefusal ?? { code: 'upstream-lost', detail: `${session.tries} attempts failed` }, now)
    }
    if (session.phase.state === 'waiting') {
      if (now < session.phase.until) return []
      return this.#refuse(session, waitedOut(session, routing.reason, serving.leaseWait), now)
    }
    session.phase = { state: 'waiting', until: now + serving.leaseWait }
    return [emit({ type: 'requestWaiting', requestId: session.opened.requestId, model: modelOf(session), reason: routing.reason })]
  }

  #dispatch(session: Session, route: Route, now: Millis): PeerEffect[] {
    if (session.tries > 0 && !this.#budget.take()) {
      const detail = 'this gateway has used up its retries'
      return this.#refuse(session, { code: 'upstream-lost', detail }, now)
    }
    session.attempt++
    session.tries++
    session.operator = route.operator
    const callId = `${EXECUTE_PREFIX}${this.#calls++}`
    this.#table.run(session, { state: 'running', callId, operator: route.operator, epoch: route.epoch, heardAt: now })
    this.#parts.operators.dispatched(route.operator)
    const { operator } = route
    const working = tell(session, { type: 'Working', operator, attempt: session.attempt }, now)
    return [...this.#dispatcher.execute(session, route, callId, now), ...working]
  }

  #onAnswer(session: Session, running: Running, message: Message, now: Millis): PeerEffect[] {
    const check = checkAnswer(session, running, message, this.#parts)
    switch (check.state) {
      case 'alive':
        return []
      case 'tokens':
        session.tokens.push(...check.message.tokens)
        this.#parts.prefix.answered(session, now)
        return tell(session, check.message, now)
      case 'receipt':
        session.receipts.push(check.message.receipt)
        session.vouched = Math.max(session.vouched, check.to)
        return tell(session, check.message, now)
      case 'completed':
        return this.#complete(session, check.message, now)
      case 'refused':
        return this.#fail(session, check.message, now)
      case 'invalid':
        return [blame(session, running.operator, check.reason), ...this.#fail(session, { code: 'invalid', detail: check.reason }, now)]
      default:
        return assertNever(check)
    }
  }

  /** An attempt is over without an answer: the request goes elsewhere, or waits, or fails for good. */
  #fail(session: Session, why: Why, now: Millis): PeerEffect[] {
    if (session.phase.state !== 'running') return []
    const { operator, epoch } = session.phase
    const name = this.#parts.services.directory.nameOf(operator)
    const effects = this.#stop(session)
    const { requestId } = session.opened
    effects.push(
      emit({ type: 'attemptFailed', requestId, attempt: session.attempt, operator, code: why.code, delivered: session.tokens.length }),
    )
    // Who finds others' tokens wrong that nobody signed for is asked again without them.
    const isOthers = why.code === 'prefix-mismatch' && cut(session)
    if (!isOthers) session.failures.set(operator, { at: now, epoch })
    if (why.code === 'invalid') disown(session)
    const next = mayGoElsewhere(why, name)
    const refusal = why.retryAfter === undefined ? next.refusal : { ...next.refusal, retryAfter: why.retryAfter }
    session.lastRefusal = refusal
    // A full holder is the only one: waiting would not make it less full than asking again later.
    if (next.isFinal || (epoch > 0 && refusal.code === 'overloaded')) return [...effects, ...this.#refuse(session, refusal, now)]
    return [...effects, ...this.#advance(session, now)]
  }

  #complete(session: Session, completed: MessageOf<'Completed'>, now: Millis): PeerEffect[] {
    const message = { ...completed, resumed: session.attempt > 1 }
    const { requestId } = session.opened
    const served = emit({ type: 'requestServed', requestId, attempts: session.attempt, tokens: session.tokens.length } as const)
    return [...tell(session, message, now, true), served, ...this.#close(session, message)]
  }

  #refuse(session: Session, refusal: Refusal, now: Millis): PeerEffect[] {
    const { requestId } = session.opened
    const event = emit({ type: 'requestRefused', requestId, model: modelOf(session), code: refusal.code, detail: refusal.detail } as const)
    const effects = [...tell(session, refused(refusal), now, true), event, ...this.#close(session, undefined)]
    if (refusal.code === 'prefix-mismatch') this.#table.forget(requestId)
    return effects
  }

  #close(session: Session, completed: MessageOf<'Completed'> | undefined): PeerEffect[] {
    const { requestId } = session.opened
    const stopped = this.#stop(session)
    this.#table.end(session, completed)
    return [...stopped, clearTimer(DEADLINE_PREFIX + requestId)]
  }

  /** Ends the operator's part, where there is one. Cancelling a call that has ended changes nothing. */
  #stop(session: Session): PeerEffect[] {
    const { phase } = session
    if (phase.state !== 'running') return []
    this.#table.idle(session, phase)
    this.#parts.operators.ended(phase.operator)
    this.#parts.prefix.ended(session)
    return [cancel(phase.callId)]
  }

  #isSuspect({ operator, heardAt }: Running, now: Millis): boolean {
    const { suspicion, heartbeatEvery } = this.#parts.services.directory.genesis.parameters
    // Tokens are signs of life too.
    return now - heardAt > 2 * heartbeatEvery && this.#parts.leases.detector.phi(operator, now) >= suspicion.suspect
  }

  #alive(session: Session, now: Millis): PeerEffect[] {
    return tell(session, { type: 'Tokens', from: session.tokens.length, tokens: [] }, now)
  }
}

interface Beginning {
  readonly head: Head
  readonly listener: string
  /** The caller has no token yet. */
  readonly isNew: boolean
}

const LISTENERS_MAX = 4
/** Dispatches are numbered in a byte. */
const ATTEMPTS_MAX = 255
const ALIVE_EVERY: Millis = 2_000
