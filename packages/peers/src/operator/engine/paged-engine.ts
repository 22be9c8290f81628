import { assert, clearTimer, emit, type Millis, setTimer } from '@infermesh/kernel'
import type { MemoryDigest, PeerEffect } from '@infermesh/protocol'
import {
  Engine,
  type EngineEvent,
  type EngineRequest,
  type SessionTurn as EngineTurn,
  emptyLoad,
  engineOptionsFor,
  type PrefixKeys,
} from '@infermesh/serving'
import type { Execution, TokenClock } from '../execution.ts'
import { engineDefaults, type PagedEngineConfig, setupOf } from './engine-config.ts'
import { HeadList } from './head-list.ts'
import { promptKeys } from './prompt-keys.ts'
import { SessionList, sessionKey } from './session-list.ts'

/** Timer of the next step's end. */
export const ENGINE_KEY = 'engine/step'
/** Timer of the next look at the memory. */
export const OBSERVE_KEY = 'engine/observe'
const OBSERVE_EVERY: Millis = 1_000
/** Tokens leave in batches this far apart, however short a step is. */
const FLUSH_EVERY: Millis = 50

interface Running {
  readonly execution: Execution
  readonly prefix: PrefixKeys
  /** Prompt tokens to compute before the first token of the answer; none when it is made. */
  unread: number
  /** Made and not taken yet. */
  ready: number
  flushedAt: Millis
  isUrgent: boolean
}

/** The batching engine of an operator: turns executions into the engine's requests, and its steps into tokens that are due. */
export class PagedEngine {
  readonly blockTokens: number
  readonly contextTokens: number
  readonly #engine: Engine
  readonly #slots: number
  readonly #blocks: number
  readonly #sessions: SessionList
  readonly #heads = new HeadList(HEADS_TOLD)
  readonly #microsPerToken: number
  readonly #running = new Map<string, Running>()
  #dueAt: Millis | undefined
  #observing = false
  #seen = ''

  constructor(config: PagedEngineConfig) {
    const options = engineOptionsFor(setupOf(config))
    this.blockTokens = options.blockTokens
    this.contextTokens = options.blocks * options.blockTokens
    this.#blocks = options.blocks
    this.#slots = options.sequencesMax
    this.#engine = new Engine({ ...options, tokenEvents: true })
    const chunk = { ...emptyLoad(), tokens: TYPICAL_CHUNK, heads: 1, chunkTokens: [TYPICAL_CHUNK], chunkContext: [0] }
    this.#microsPerToken = Math.round((options.stepTime(chunk) * 1_000) / TYPICAL_CHUNK)
    this.#sessions = new SessionList(config.sessionIdleMax ?? engineDefaults.sessionIdleMax)
  }

  load(): { readonly slots: number; readonly busy: number; readonly queued: number } {
    const { running, waiting } = this.#engine.load()
    return { slots: this.#slots, busy: running, queued: waiting }
  }

  /** Hands an execution to the engine. Call `schedule` before effects are returned. */
  start(execution: Execution, now: Millis): TokenClock {
    const { opened, tokens } = execution
    const prefix = this.#prefixOf(execution)
    const request = requestOf(execution, tokens.length, prefix)
    const unread = Math.max(0, request.promptTokens - this.#engine.cachedTokens(request))
    const running: Running = { execution, prefix, unread, ready: 0, flushedAt: now, isUrgent: false }
    this.#running.set(execution.id, running)
    const { session } = opened.envelope.payload
    if (session !== undefined) this.#sessions.began(sessionKey(opened.envelope.signer, session), now)
    this.#engine.submit(request, now)
    return {
      take(left) {
        const taken = Math.min(left, running.ready)
        running.ready -= taken
        return taken
      },
      wait: () => undefined,
    }
  }

  /** The execution is over, done or not; what is left of its work is dropped. */
  end(id: string, now: Millis): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    this.#running.delete(id)
    this.#engine.cancel(id, now)
    const { envelope } = running.execution.opened
    const { session } = envelope.payload
    if (session !== undefined) this.#sessions.ended(sessionKey(envelope.signer, session), session.last, now)
  }

  /** Lets the engine work until now. Executions whose tokens should leave, and what the trace is told. */
  advance(now: Millis): { readonly due: readonly string[]; readonly effects: readonly PeerEffect[] } {
    const effects = this.#engine.advance(now).flatMap((event) => this.#take(event))
    const due: string[] = []
    for (const [id, running] of this.#running) {
      if (running.ready === 0 || (!running.isUrgent && now - running.flushedAt < FLUSH_EVERY)) continue
      running.flushedAt = now
      running.isUrgent = false
      due.push(id)
    }
    return { due, effects }
  }

  /** Timers for what the engine does next; none when they stand already. */
  schedule(now: Millis): readonly PeerEffect[] {
    const next = this.#engine.nextEventAt()
    const effects: PeerEffect[] = []
    if (next !== this.#dueAt) effects.push(next === undefined ? clearTimer(ENGINE_KEY) : setTimer(ENGINE_KEY, Math.max(0, next - now)))
    this.#dueAt = next
    if (!this.#observing && this.#running.size > 0) {
      this.#observing = true
      effects.push(setTimer(OBSERVE_KEY, OBSERVE_EVERY))
    }
    return effects
  }

  onStepTimer(): void {
    this.#dueAt = undefined
  }

  /** Tells the trace how the memory stands, as long as that changes or sessions are open. */
  onObserveTimer(now: Millis): readonly PeerEffect[] {
    for (const session of this.#sessions.expired(now)) this.#engine.endSession(session, now)
    const { running, waiting } = this.#engine.load()
    const { evictions, preemptions, movedBytes } = this.#engine.totals()
    const counts = { running, waiting, sessions: this.#sessions.size(), evictions, preemptions, movedBytes }
    const observed = { type: 'kvObserved', blocks: this.#blocks, ...this.#engine.memoryUse(), ...counts } as const
    const text = JSON.stringify(observed)
    const isNew = text !== this.#seen
    this.#seen = text
    this.#observing = isNew || this.#running.size > 0 || this.#sessions.size() > 0
    return [...(isNew ? [emit(observed)] : []), ...(this.#observing ? [setTimer(OBSERVE_KEY, OBSERVE_EVERY)] : [])]
  }

  /** What gateways are told of this memory. */
  digest(): MemoryDigest {
    const { freeBlocks } = this.#engine.load()
    return {
      blockTokens: this.blockTokens,
      freeTokens: freeBlocks * this.blockTokens,
      waitingTokens: [...this.#running.values()].reduce((sum, { unread }) => sum + unread, 0),
      microsPerToken: this.#microsPerToken,
      heads: this.#heads.present((key) => this.#engine.holds(key)),
    }
  }

  #prefixOf({ opened }: Execution): PrefixKeys {
    const { signer, payload } = opened.envelope
    return promptKeys({ model: payload.model, client: signer, prompt: opened.prompt, session: payload.session }, this.blockTokens)
  }

  /** The whole prompt's front, and the part of it that everyone may share. */
  #remember({ execution, prefix }: Running): void {
    const { envelope, requestId } = execution.opened
    const { session } = envelope.payload
    const { keys } = prefix
    this.#heads.add(session === undefined ? requestId : sessionKey(envelope.signer, session), keys, keys.length)
    const shared = Math.min(keys.length, Math.floor((session?.publicTokens ?? 0) / this.blockTokens))
    if (shared > 0) this.#heads.add(`public/${keys[shared - 1]}`, keys, shared)
  }

  #take(event: EngineEvent): readonly PeerEffect[] {
    const running = this.#running.get(event.id)
    if (event.type === 'refused') assert(false, `the engine refused what was checked before: ${event.reason}`)
    if (running === undefined) return []
    if (event.type === 'firstToken') {
      running.isUrgent = true
      running.unread = 0
      this.#remember(running)
    }
    if (event.type === 'tokens') running.ready += event.count
    if (event.type !== 'finished') return []
    running.isUrgent = true
    const { opened, dispatch } = running.execution
    const { session } = opened.envelope.payload
    const { promptTokens, cachedTokens, loadedTokens, recomputedTokens, preemptions, arrivedAt, firstTokenAt } = event.cost
    const served = {
      ...{ type: 'kvServed', requestId: opened.requestId, attempt: dispatch.payload.attempt },
      ...(session === undefined ? {} : { session: sessionKey(opened.envelope.signer, session) }),
      ...{ promptTokens, cachedTokens, loadedTokens, recomputedTokens, preemptions },
      firstTokenMs: Math.round(firstTokenAt - arrivedAt),
    } as const
    return [emit(served)]
  }
}

function requestOf({ id, opened }: Execution, made: number, prefix: PrefixKeys): EngineRequest {
  const { signer, payload } = opened.envelope
  const { session, promptTokens, maxTokens } = payload
  return {
    id,
    // Answer tokens that came from elsewhere are read like the prompt.
    promptTokens: Math.max(1, promptTokens + made),
    answerTokens: Math.max(1, maxTokens - made),
    prefix,
    ...(session === undefined ? {} : { session: turnOf(sessionKey(signer, session), session) }),
  }
}

function turnOf(key: string, session: NonNullable<Execution['opened']['envelope']['payload']['session']>): EngineTurn {
  const { turn, last, pause, expectMs, sigmaPerMille } = session
  const hint = expectMs === undefined ? {} : { hint: { expectMs, sigma: (sigmaPerMille ?? 0) / 1000 } }
  return { session: key, turn, last, pause, ...hint }
}

/** Prompt tokens by which the reading speed is told. */
const TYPICAL_CHUNK = 1_024
const HEADS_TOLD = 128
