import type { IdleKeeper } from '../idle/idle-keeper.ts'
import type { EngineLoad } from '../idle/idle-policy.ts'
import type { BlockTable } from '../kv/pool-audit.ts'
import { emptyLoad } from '../time/step-time.ts'
import type { EngineOptions } from './engine.ts'
import type { KvMemory } from './kv-memory.ts'
import type { EngineEvent } from './request.ts'
import type { Sequence } from './sequence.ts'
import type { SessionGate } from './session-gate.ts'
import type { WaitingLine } from './waiting-line.ts'

export interface SchedulerParts {
  readonly memory: KvMemory
  readonly waiting: WaitingLine
  readonly keeper?: IdleKeeper
  readonly gate?: SessionGate
  readonly events: (event: EngineEvent) => void
  readonly finished: (sequence: Sequence, at: number) => void
}

/**
 * Decides what each step runs, in vLLM's order: running sequences first, a chunk or one token each, then new ones while budget and
 * memory last. When memory is full the last-come running sequence goes back to the front of the queue.
 */
export class Scheduler {
  readonly #options: EngineOptions
  readonly #parts: SchedulerParts
  readonly #running: Sequence[] = []
  /** The step in flight: sequences and their new tokens, side by side. */
  readonly #planned: Sequence[] = []
  readonly #plannedTokens: number[] = []
  readonly #load = emptyLoad()
  #preemptions = 0
  #recomputedTokens = 0
  #stale = false

  constructor(options: EngineOptions, parts: SchedulerParts) {
    this.#options = options
    this.#parts = parts
  }

  running(): number {
    return this.#running.length
  }

  preemptions(): number {
    return this.#preemptions
  }

  recomputedTokens(): number {
    return this.#recomputedTokens
  }

  /** Room was made outside a step, so planning again may succeed. */
  stale(): boolean {
    return this.#stale
  }

  /** When the first of the sequences that wait for a transfer has its blocks. */
  loadedAt(): number | undefined {
    let earliest: number | undefined
    for (const { readyAt } of this.#running) if (earliest === undefined || readyAt < earliest) earliest = readyAt
    return earliest
  }

  tables(): BlockTable[] {
    const { blockTokens } = this.#parts.memory
    return this.#running.map(({ slots, computed }) => ({ slots: [...slots], fullCount: Math.floor(computed / blockTokens) }))
  }

  /** Fills the next step and says how long it takes in ms; `undefined` when there is nothing to run. */
  plan(now: number): number | undefined {
    this.#stale = false
    this.#clearPlan()
    const preemptionsBefore = this.#preemptions
    const budget = this.#planRunning(now, this.#options.stepTokensMax)
    if (this.#preemptions === preemptionsBefore) this.#planWaiting(now, budget)
    this.#parts.memory.flushDemoted(now)
    return this.#planned.length === 0 ? undefined : this.#options.stepTime(this.#load)
  }

  /** Books the step in flight: computed tokens, named blocks, produced tokens. */
  finishStep(at: number): void {
    for (let index = 0; index < this.#planned.length; index++) {
      const sequence = this.#planned[index] as Sequence
      if (sequence.state !== 'running') continue
      sequence.computed += this.#plannedTokens[index] as number
      sequence.furthest = Math.max(sequence.furthest, sequence.computed)
      this.#parts.memory.name(sequence)
      if (sequence.computed === sequence.tokens()) this.#produce(sequence, at)
    }
  }

  withdraw(sequence: Sequence, now: number): void {
    if (sequence.state === 'running') this.#remove(sequence)
    this.#parts.memory.release(sequence)
    this.#parts.keeper?.tick(now)
    if (sequence.request.session !== undefined) this.#parts.gate?.left({ ...sequence.request.session, last: true })
    sequence.state = 'gone'
    this.planAgain()
  }

  /** Something outside a step made room: whoever waits may fit now. */
  planAgain(): void {
    this.#stale = this.#parts.waiting.size() > 0
  }

  #planRunning(now: number, stepTokens: number): number {
    let budget = stepTokens
    for (let index = 0; index < this.#running.length && budget > 0; index++) {
      const sequence = this.#running[index] as Sequence
      if (sequence.readyAt > now) continue
      const tokens = Math.min(sequence.tokens() - sequence.computed, budget)
      if (!this.#makeRoom(sequence, sequence.computed + tokens, now)) break
      this.#add(sequence, tokens)
      budget -= tokens
    }
    return budget
  }

  /** Preempts from the back until the sequence fits; false when it had to go itself. */
  #makeRoom(sequence: Sequence, tokens: number, now: number): boolean {
    while (!this.#parts.memory.extend(sequence, tokens)) {
      const victim = this.#running[this.#running.length - 1] as Sequence
      this.#preempt(victim, now)
      if (victim === sequence) return false
    }
    return true
  }

  #preempt(victim: Sequence, now: number): void {
    const { memory, waiting, events } = this.#parts
    this.#running.pop()
    if (this.#options.preemption === 'swap') memory.demoteAll(victim)
    memory.release(victim)
    victim.computed = 0
    victim.state = 'waiting'
    victim.preemptions++
    this.#preemptions++
    waiting.add(victim)
    events({ type: 'preempted', id: victim.request.id, at: now })
  }

  #planWaiting(now: number, stepBudget: number): void {
    const { waiting, memory, gate } = this.#parts
    let budget = stepBudget
    let index = 0
    while (budget > 0 && this.#running.length < this.#options.sequencesMax) {
      const sequence = waiting.at(index)
      if (sequence === undefined) return
      const { session, promptTokens, answerTokens } = sequence.request
      if (gate !== undefined && !gate.lets(session, promptTokens + answerTokens)) {
        index++
        continue
      }
      if (sequence.failedEpoch === memory.epoch() || !memory.admit(sequence, budget, now)) return
      waiting.removeAt(index)
      this.#overlap(sequence, budget, now)
      this.#enter(sequence, now)
      if (sequence.readyAt > now) continue
      const tokens = Math.min(sequence.tokens() - sequence.computed, budget)
      this.#add(sequence, tokens)
      budget -= tokens
    }
  }

  /** Blocks arrive layer by layer while the new tokens are computed, so only what is longer than that is waited for. */
  #overlap(sequence: Sequence, budget: number, now: number): void {
    if (sequence.readyAt <= now) return
    const tokens = Math.min(sequence.tokens() - sequence.computed, budget)
    const hidden = this.#options.stepTime({ ...emptyLoad(), tokens, heads: 1, chunkTokens: [tokens], chunkContext: [sequence.computed] })
    sequence.readyAt = Math.max(now, sequence.readyAt - hidden)
  }

  #enter(sequence: Sequence, now: number): void {
    const { memory, keeper, gate } = this.#parts
    const { session, promptTokens, answerTokens } = sequence.request
    if (session !== undefined) keeper?.resume(session.session)
    gate?.entered(session, promptTokens + answerTokens)
    if (sequence.scheduledAt < 0) {
      sequence.scheduledAt = now
      sequence.loadedTokens = memory.promotedBlocks() * memory.blockTokens
      sequence.cachedTokens = sequence.computed - sequence.loadedTokens
    }
    this.#recomputedTokens += Math.max(0, sequence.furthest - sequence.computed)
    sequence.recomputedTokens += Math.max(0, sequence.furthest - sequence.computed)
    sequence.state = 'running'
    this.#running.push(sequence)
  }

  #add(sequence: Sequence, tokens: number): void {
    const load = this.#load
    this.#planned.push(sequence)
    this.#plannedTokens.push(tokens)
    load.tokens += tokens
    if (sequence.computed + tokens === sequence.tokens()) load.heads++
    if (tokens === 1 && sequence.produced > 0) {
      load.decodes++
      load.decodeContext += sequence.computed + 1
    } else {
      load.chunkTokens.push(tokens)
      load.chunkContext.push(sequence.computed)
    }
  }

  #produce(sequence: Sequence, at: number): void {
    const { events } = this.#parts
    const { id, answerTokens } = sequence.request
    sequence.tokenProduced(at)
    if (sequence.produced === 1) events({ type: 'firstToken', id, at })
    if (this.#options.tokenEvents !== false) events({ type: 'tokens', id, at, from: sequence.produced - 1, count: 1 })
    if (sequence.produced === answerTokens) this.#finish(sequence, at)
  }

  #finish(sequence: Sequence, at: number): void {
    const { memory, keeper, gate } = this.#parts
    this.#remove(sequence)
    sequence.state = 'gone'
    gate?.left(sequence.request.session)
    keeper?.tick(at)
    if (keeper === undefined || sequence.request.session === undefined) memory.release(sequence, true)
    else keeper.suspend(sequence, this.#engineLoad())
    this.#parts.finished(sequence, at)
  }

  #engineLoad(): EngineLoad {
    const { blockTokens, blocks } = this.#options
    let residentTokens = 0
    for (const sequence of this.#running) residentTokens += sequence.computed
    return { residentTokens, capacityTokens: blocks * blockTokens, runningRequests: this.#running.length }
  }

  #remove(sequence: Sequence): void {
    this.#running.splice(this.#running.indexOf(sequence), 1)
  }

  #clearPlan(): void {
    const load = this.#load
    this.#planned.length = 0
    this.#plannedTokens.length = 0
    load.tokens = 0
    load.heads = 0
    load.decodes = 0
    load.decodeContext = 0
    load.chunkTokens.length = 0
    load.chunkContext.length = 0
  }
}
