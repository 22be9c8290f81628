import type { EngineRequest, RequestCost } from './request.ts'

export interface SequencePlace {
  /** Unlike any other sequence's: private block names come from it. */
  readonly number: number
  readonly order: number
  readonly arrivedAt: number
  readonly blockTokens: number
}

/** A request inside the engine: its block table and how far it is. */
export class Sequence {
  readonly request: EngineRequest
  /** Smaller goes first in the queue. */
  readonly order: number
  readonly arrivedAt: number
  /** Slots of the blocks it holds, in order. */
  readonly slots: number[] = []
  /** Tokens whose KV exists. */
  computed = 0
  /** Answer tokens so far. */
  produced = 0
  /** Leading blocks whose content has been named. */
  named = 0
  /** Blocks promoted from a lower tier arrive then; it runs no step before. */
  readyAt = 0
  /** Memory's epoch at the last failed admission: nothing has changed since, so trying again is idle. */
  failedEpoch = -1
  state: 'waiting' | 'running' | 'gone' = 'waiting'
  scheduledAt = -1
  firstTokenAt = -1
  lastTokenAt = -1
  worstGapMs = 0
  cachedTokens = 0
  loadedTokens = 0
  recomputedTokens = 0
  preemptions = 0
  /** The most tokens it ever had computed. */
  furthest = 0
  /** Leading blocks of the prompt that others may name too. */
  readonly publicBlocks: number
  readonly #blockTokens: number
  /** Blocks in one of the prefix's own. */
  readonly #parts: number
  readonly #privateKeys: number

  constructor(request: EngineRequest, place: SequencePlace) {
    this.request = request
    this.order = place.order
    this.arrivedAt = place.arrivedAt
    this.#blockTokens = place.blockTokens
    this.#parts = (request.prefix?.blockTokens ?? place.blockTokens) / place.blockTokens
    this.publicBlocks = publicBlocksOf(request, place.blockTokens)
    this.#privateKeys = privateKeysFrom + place.number * blocksPerRequest
  }

  /** Prompt and answer so far: what must be computed before the next token. */
  tokens(): number {
    return this.request.promptTokens + this.produced
  }

  /** The name of a full block: the prompt's where it has one, else one that only this request knows. */
  keyAt(block: number): number {
    const { prefix } = this.request
    if (prefix === undefined || block >= this.publicBlocks) return this.#privateKeys + block
    const parts = this.#parts
    if (parts === 1) return prefix.keys[block] as number
    if (parts < 1) return prefix.keys[((block + 1) * this.#blockTokens) / prefix.blockTokens - 1] as number
    const whole = Math.floor(block / parts)
    return (prefix.keys[whole] as number) * parts + (block - whole * parts)
  }

  tokenProduced(at: number): void {
    if (this.produced === 0) this.firstTokenAt = at
    else this.worstGapMs = Math.max(this.worstGapMs, at - this.lastTokenAt)
    this.produced++
    this.lastTokenAt = at
  }

  cost(): RequestCost {
    return {
      promptTokens: this.request.promptTokens,
      answerTokens: this.produced,
      arrivedAt: this.arrivedAt,
      scheduledAt: this.scheduledAt,
      firstTokenAt: this.firstTokenAt,
      lastTokenAt: this.lastTokenAt,
      worstGapMs: this.worstGapMs,
      cachedTokens: this.cachedTokens,
      loadedTokens: this.loadedTokens,
      recomputedTokens: this.recomputedTokens,
      preemptions: this.preemptions,
    }
  }
}

function publicBlocksOf({ prefix, promptTokens }: EngineRequest, blockTokens: number): number {
  if (prefix === undefined) return 0
  return Math.min(Math.floor(promptTokens / blockTokens), Math.floor((prefix.keys.length * prefix.blockTokens) / blockTokens))
}

/** The names of a request's blocks that others may ask for too, at an engine's block size. */
export function blockNames(request: EngineRequest, blockTokens: number): Float64Array {
  const sequence = new Sequence(request, { number: 0, order: 0, arrivedAt: 0, blockTokens })
  return Float64Array.from({ length: sequence.publicBlocks }, (_, block) => sequence.keyAt(block))
}

/** Private names lie above all public ones. */
const privateKeysFrom = 2 * 1024 * 1024 * 1024 * 1024 * 1024
const blocksPerRequest = 65_536

/** Whether blocks of these sizes name each other: one must divide the other. */
export const sizesFit = (left: number, right: number): boolean => left % right === 0 || right % left === 0
