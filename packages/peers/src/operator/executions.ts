import { assert, cancel, clearTimer, compute, emit, type Millis, type PeerId, respond, setTimer } from '@infermesh/kernel'
import type { MemoryDigest, MessageOf, PeerEffect, PeerInput, PeerServices } from '@infermesh/protocol'
import type { Opened } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { UntoldTokens } from '../untold-tokens.ts'
import type { Answerer } from './answer.ts'
import { ComputedAnswer, JOB_PREFIX, jobRefusal, ONNX_BUILD, tokensOf } from './engine/computed-answer.ts'
import { PagedEngine } from './engine/paged-engine.ts'
import {
  completed,
  DecodeClock,
  type Execution,
  type ModelAnswer,
  type Progress,
  type TokenClock,
  tell,
  toldMade,
  type UsableModel,
} from './execution.ts'
import { type Attempt, fits, openExecution } from './execution-check.ts'
import { startOf } from './execution-start.ts'
import { ExecutionTable } from './execution-table.ts'
import type { FullServingConfig } from './operator-config.ts'
import type { ReceiptBook } from './receipt-book.ts'
import { agree, type Head, headFor, mismatch, repeated } from './resumption.ts'
import { Stretches } from './stretches.ts'

/** Timers of one execution each. */
export const TOKENS_PREFIX = 'tokens/'
/** Timer that tells waiting gateways that their requests are not forgotten. */
export const ALIVE_KEY = 'alive'
const ALIVE_EVERY: Millis = 2_000

export interface ExecutionsOptions {
  readonly config: FullServingConfig
  readonly services: PeerServices
  readonly book: ReceiptBook
  readonly answerer: Answerer
  /** Whether a model may be executed at this instant; asked again before each batch of tokens. */
  readonly usable: (model: string, epoch: number, now: Millis) => ModelAnswer
}

type Running = Extract<Progress, { readonly state: 'running' }>

/** Slots, the queue before them, and the tokens that come out at the speed of the operator's profile. */
export class Executions {
  readonly #options: ExecutionsOptions
  readonly #stretches: Stretches
  /** Without one, executions have slots of their own speed. */
  readonly #engine: PagedEngine | undefined
  readonly #slots: number
  readonly #contextTokens: number
  /** The queued ones start in this order. */
  readonly #table = new ExecutionTable()
  #running = 0
  #aliveSet = false

  constructor(options: ExecutionsOptions) {
    this.#options = options
    this.#stretches = new Stretches(options.book, options.services)
    const { engine, profile, contextTokens } = options.config
    this.#engine = engine === undefined ? undefined : new PagedEngine(engine)
    // The engine has a queue of its own, so nothing waits before it.
    this.#slots = engine === undefined ? profile.slots : Number.POSITIVE_INFINITY
    this.#contextTokens = Math.min(contextTokens, this.#engine?.contextTokens ?? contextTokens)
  }

  load(): { readonly slots: number; readonly busy: number; readonly queued: number } {
    return this.#engine?.load() ?? { slots: this.#slots, busy: this.#running, queued: this.#table.size() - this.#running }
  }

  onExecute(message: MessageOf<'Execute'>, call: { readonly id: string; readonly from: PeerId }, now: Millis): PeerEffect[] {
    const opened = openExecution(message, call, this.#options.services, now)
    if (!opened.ok) return [respond(call.id, refused(opened.refusal))]
    const { dispatch } = opened.value
    const usable = this.#options.usable(dispatch.payload.model, dispatch.payload.epoch, now)
    if (!usable.ok) return [respond(call.id, refused(usable))]
    const same = this.#table.same(opened.value)
    if (same !== undefined) return this.#join(same, opened.value, call.id)
    const head = this.#head(opened.value, usable.model)
    if (!head.ok) return [respond(call.id, refused(head.refusal))]
    return this.#begin(opened.value, head.value, call.id, now)
  }

  /** The gateway hung up or is gone. What was made is receipted: it was asked for. */
  onCancelled(id: string, now: Millis): PeerEffect[] {
    const execution = this.#table.unlisten(id)
    if (execution === undefined) return []
    const { progress } = execution
    const receipts = progress.state === 'running' ? this.#stretches.receipt(execution, progress, now, true) : []
    return this.#settled([...receipts, ...this.#end(execution, 'cancelled', now)], now)
  }

  onTokensTimer(id: string, now: Millis): PeerEffect[] {
    const execution = this.#table.get(id)
    if (execution?.progress.state !== 'running') return []
    return this.#advance(execution, execution.progress, now)
  }

  /** A job's tokens, or its end. */
  onComputed({ callId, result, last }: Extract<PeerInput, { readonly type: 'computed' }>, now: Millis): PeerEffect[] {
    const execution = this.#table.get(callId.slice(JOB_PREFIX.length))
    if (execution?.progress.state !== 'running' || !(execution.progress.clock instanceof ComputedAnswer)) return []
    const { progress } = execution
    const made = tokensOf(result)
    if (made === undefined) {
      const refusal = tell(execution, refused(jobRefusal(result)), true)
      return [...this.#stretches.receipt(execution, progress, now, true), ...refusal, ...this.#end(execution, 'cancelled', now)]
    }
    execution.progress.clock.add(made, last)
    const isExact = progress.model.manifest.engineBuild === ONNX_BUILD
    if (isExact && execution.progress.clock.strays())
      return [...tell(execution, refused(mismatch.refusal), true), ...this.#end(execution, 'cancelled', now)]
    return this.#advance(execution, progress, now)
  }

  /** A step of the engine has ended. */
  onEngineTimer(now: Millis): PeerEffect[] {
    this.#engine?.onStepTimer()
    return this.#settled([], now)
  }

  /** What the engine's memory holds, where there is such an engine. */
  digest(): MemoryDigest | undefined {
    return this.#engine?.digest()
  }

  onObserveTimer(now: Millis): readonly PeerEffect[] {
    return this.#engine?.onObserveTimer(now) ?? []
  }

  onAliveTimer(): PeerEffect[] {
    this.#aliveSet = false
    const waiting = this.#table.all().filter(isWaiting)
    if (waiting.length === 0) return []
    return [...waiting.flatMap(alive), ...this.#keepAlive()]
  }

  /** What is there before the work begins, when there is room for it. */
  #head(attempt: Attempt, model: UsableModel): Opened<Head> {
    const { services, book } = this.#options
    const { opened, dispatch } = attempt
    const fitting = fits(model.manifest, opened, this.#contextTokens, services)
    if (!fitting.ok) return fitting
    const { busy, queued } = this.load()
    const queueMax = services.directory.genesis.parameters.serving.queued
    if ((busy >= this.#slots || this.#engine !== undefined) && queued >= queueMax)
      return { ok: false, refusal: this.#overloaded(busy, queued) }
    if (book.isFull())
      return { ok: false, refusal: { code: 'overloaded', detail: 'too many receipts wait to be logged', retryAfter: 60_000 } }
    return headFor(attempt, book.workFor(opened.requestId, dispatch.payload.epoch), model, services)
  }

  #begin(attempt: Attempt, head: Head, id: string, now: Millis): PeerEffect[] {
    const { opened, dispatch } = attempt
    const tokens = [...head.tokens]
    const execution: Execution = {
      ...{ id, opened, dispatch, tokens, from: tokens.length },
      ...{ listeners: new Set([id]), untold: new UntoldTokens() },
      progress: { state: 'queued', since: now },
    }
    const known = repeated(id, attempt.tokens.length, head)
    if (tokens.length >= opened.envelope.payload.maxTokens && head.receipts.length > 0)
      return [...known, respond(id, completed(execution, now))]
    this.#table.add(execution)
    return [...known, ...(this.#running < this.#slots ? this.#settled(this.#start(execution, now), now) : this.#keepAlive())]
  }

  /** A client that came back through another gateway hears the answer that is being made, and no second one is begun. */
  #join(execution: Execution, { opened, dispatch, tokens }: Attempt, listener: string): PeerEffect[] {
    if (tokens.length > execution.tokens.length || !agree(execution.tokens, tokens)) return [respond(listener, refused(mismatch.refusal))]
    if (execution.listeners.size >= LISTENERS_MAX)
      return [respond(listener, refused({ code: 'overloaded', detail: `${LISTENERS_MAX} gateways listen to this answer already` }))]
    this.#table.listen(execution, listener)
    const { receipts } = this.#options.book.workFor(opened.requestId, dispatch.payload.epoch)
    return repeated(listener, tokens.length, { tokens: execution.tokens, receipts })
  }

  #overloaded(busy: number, queued: number): Refusal {
    const { profile } = this.#options.config
    const detail = `${busy} of ${this.load().slots} slots are busy and ${queued} requests are queued`
    return { code: 'overloaded', detail, retryAfter: Math.max(100, profile.decodeMsPerToken * TYPICAL_TOKENS) }
  }

  /** The wait in the queue may have cost the lease or the deadline, so both are looked at again. */
  #start(execution: Execution, now: Millis): PeerEffect[] {
    const { config, services, answerer, usable } = this.#options
    const { opened, dispatch, tokens } = execution
    const { model, epoch, attempt } = dispatch.payload
    const answer = usable(model, epoch, now)
    if (!answer.ok) return this.#abandon(execution, answer, now)
    const request = opened.envelope.payload
    if (request.deadline <= now)
      return this.#abandon(execution, { code: 'deadline-passed', detail: 'the deadline passed in the queue' }, now)
    const from = tokens.length
    const parts = { hash: services.crypto.hash, answerer, upstreams: config.upstreams, clock: () => this.#clockOf(execution, now) }
    const { progress, job } = startOf(execution, answer.model, parts, now)
    execution.progress = progress
    this.#running++
    const started = emit({ type: 'executionStarted', requestId: opened.requestId, attempt, model, epoch, from })
    const begun = job === undefined ? [started] : [started, compute(JOB_PREFIX + execution.id, job)]
    return [...begun, ...this.#advance(execution, progress, now), ...this.#keepAlive()]
  }

  #clockOf(execution: Execution, now: Millis): TokenClock {
    const { promptTokens } = execution.opened.envelope.payload
    return this.#engine?.start(execution, now) ?? new DecodeClock(this.#options.config.profile, promptTokens + execution.tokens.length, now)
  }

  /** Sends what the engine has made by now. Ends of executions make room, so it is asked until it has nothing more. */
  #settled(before: readonly PeerEffect[], now: Millis): PeerEffect[] {
    const effects = [...before]
    if (this.#engine === undefined) return effects
    for (;;) {
      const step = this.#engine.advance(now)
      effects.push(...step.effects)
      if (step.due.length === 0) return [...effects, ...this.#engine.schedule(now)]
      for (const id of step.due) effects.push(...this.onTokensTimer(id, now))
    }
  }

  #advance(execution: Execution, running: Running, now: Millis): PeerEffect[] {
    const { opened, dispatch, tokens, id } = execution
    const { model, epoch } = dispatch.payload
    const answer = this.#options.usable(model, epoch, now)
    if (!answer.ok) return this.#abandon(execution, answer, now)
    const { maxTokens, deadline } = opened.envelope.payload
    if (deadline <= now) return this.#expire(execution, running, now)
    const from = tokens.length
    tokens.push(...running.generator.tokens(from, running.clock.take(maxTokens - from, now)))
    const effects: PeerEffect[] = []
    if (tokens.length > from) {
      effects.push(...tell(execution, { type: 'Tokens', from, tokens: tokens.slice(from) }, false))
      effects.push(...toldMade(execution, execution.untold.add(from, tokens.length, now)))
    }
    if (tokens.length >= maxTokens || running.clock.isOver?.() === true) return [...effects, ...this.#complete(execution, running, now)]
    effects.push(...this.#stretches.receipt(execution, running, now, false))
    const wait = running.clock.wait(maxTokens - tokens.length, tokens.length > execution.from, now)
    return wait === undefined ? effects : [...effects, setTimer(TOKENS_PREFIX + id, wait)]
  }

  #complete(execution: Execution, running: Running, now: Millis): PeerEffect[] {
    const end = tell(execution, completed(execution, now), true)
    return [...this.#stretches.receipt(execution, running, now, true), ...end, ...this.#end(execution, 'done', now)]
  }

  #expire(execution: Execution, running: Running, now: Millis): PeerEffect[] {
    const refusal = { code: 'deadline-passed', detail: `the deadline passed after ${execution.tokens.length} tokens` } as const
    return [
      ...this.#stretches.receipt(execution, running, now, true),
      ...tell(execution, refused(refusal), true),
      ...this.#end(execution, 'cancelled', now),
    ]
  }

  /** Tokens since the last receipt stay unpaid: the right to make them may have been gone already. */
  #abandon(execution: Execution, refusal: Refusal, now: Millis): PeerEffect[] {
    return [...tell(execution, refused(refusal), true), ...this.#end(execution, 'lost-lease', now)]
  }

  #end(execution: Execution, outcome: 'done' | 'cancelled' | 'lost-lease', now: Millis): PeerEffect[] {
    const { id, opened, dispatch, tokens, progress } = execution
    this.#table.remove(execution)
    if (progress.state === 'queued') return []
    this.#running--
    this.#engine?.end(id, now)
    const { attempt } = dispatch.payload
    const made = tokens.length - execution.from
    const ended = emit({ type: 'executionEnded', requestId: opened.requestId, attempt, tokens: made, outcome })
    const jobs = progress.clock instanceof ComputedAnswer ? [cancel(JOB_PREFIX + id)] : []
    return [clearTimer(TOKENS_PREFIX + id), ...jobs, ...toldMade(execution, execution.untold.tell(now)), ended, ...this.#startNext(now)]
  }

  #startNext(now: Millis): PeerEffect[] {
    const effects: PeerEffect[] = []
    const free = () => this.#running < this.#slots
    for (const execution of this.#table.all().filter(({ progress }) => progress.state === 'queued')) {
      if (!free()) break
      // An execution that ended while starting has started the ones behind it.
      if (this.#table.get(execution.id) === execution && execution.progress.state === 'queued') effects.push(...this.#start(execution, now))
    }
    assert(this.#running <= this.#slots, 'more executions run than there are slots')
    return effects
  }

  #keepAlive(): PeerEffect[] {
    if (this.#aliveSet) return []
    this.#aliveSet = true
    return [setTimer(ALIVE_KEY, ALIVE_EVERY)]
  }
}

const isWaiting = ({ progress, tokens, from }: Execution): boolean => progress.state === 'queued' || tokens.length === from

/** No news is news: without it the gateway takes a long queue for a lost operator. */
const alive = (execution: Execution): PeerEffect[] => tell(execution, { type: 'Tokens', from: execution.tokens.length, tokens: [] }, false)

/** Only for the guess when a slot becomes free. */
const TYPICAL_TOKENS = 100
const LISTENERS_MAX = 4
