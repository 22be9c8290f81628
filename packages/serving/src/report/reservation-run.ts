import type { Random } from '@infermesh/kernel'
import { noSlot } from '../kv/block-index.ts'
import { BlockPool } from '../kv/block-pool.ts'
import { BestFitMemory, BuddyMemory, type ContiguousMemory, nextPowerOfTwo } from '../kv/contiguous-memory.ts'
import { lognormal } from '../trace/generated-trace.ts'
import { mean } from './distribution.ts'

/** How a request gets KV memory: one piece for the longest answer, for the next power of two, for its true length, or blocks on demand. */
export type Reservation = 'max' | 'pow2' | 'oracle' | 'paged'

export interface ReservationOptions {
  readonly random: Random
  readonly reservation: Reservation
  readonly allocator?: 'buddy' | 'best-fit'
  readonly slots: number
  readonly contextMax: number
  readonly blockTokens: number
  readonly requests: number
  readonly requestsPerSecond: number
  /** Lognormal lengths by their mean, with one sigma of the logarithm. */
  readonly promptMean: number
  readonly answerMean: number
  readonly sigma: number
}

/** Shares of the pool while requests wait; they add up to one. For `paged`, tokens are a share of what is allocated. */
export interface ReservationResult {
  readonly tokens: number
  /** Will be used before the request ends. */
  readonly reserved: number
  /** Reserved and never used. */
  readonly internal: number
  /** In no request's piece. */
  readonly external: number
  readonly meanBatch: number
  /** Mean batch over the moments when a request was waiting for memory. */
  readonly meanBatchSaturated: number
}

interface Request {
  readonly arrivedAt: number
  readonly prompt: number
  readonly total: number
  start: number
  now: number
  readonly blocks: number[]
}

/** OPT-13B on an A100 under iteration-level batching: the PagedAttention paper's comparison of memory schemes. */
export function runReservation(options: ReservationOptions): ReservationResult {
  const store = storeFor(options)
  const incoming = drawRequests(options)
  const running: Request[] = []
  const gauge = new Gauge(options)
  let clock = 0
  let next = 0
  while (next < incoming.length || running.length > 0) {
    if (running.length === 0) clock = Math.max(clock, (incoming[next] as Request).arrivedAt)
    const admitted: Request[] = []
    for (; next < incoming.length; next++) {
      const request = incoming[next] as Request
      if (request.arrivedAt > clock || !store.enter(request)) break
      admitted.push(request)
    }
    const waiting = next < incoming.length && (incoming[next] as Request).arrivedAt <= clock
    clock += stepMs(running, admitted)
    running.push(...admitted)
    gauge.sample(running, waiting)
    next -= growAll(running, store, incoming, next)
  }
  return gauge.result()
}

/** One more token each; whoever finds no room goes back to the queue's front. Says how many did. */
function growAll(running: Request[], store: Store, incoming: Request[], next: number): number {
  let back = 0
  for (let index = 0; index < running.length; index++) {
    const request = running[index] as Request
    while (!store.grow(request)) {
      const victim = running.pop() as Request
      store.leave(victim)
      back++
      incoming[next - back] = { ...victim, blocks: [], now: victim.prompt }
      if (victim === request) return back
    }
    request.now++
    if (request.now < request.total) continue
    store.leave(request)
    running.splice(index--, 1)
  }
  return back
}

/** The vLLM fit of DistServe's profile, OPT-13B on one A100-80GB. */
function stepMs(running: readonly Request[], admitted: readonly Request[]): number {
  let time = 0
  if (admitted.length > 0) {
    const prompts = admitted.reduce((sum, { prompt }) => sum + prompt, 0)
    const squares = admitted.reduce((sum, { prompt }) => sum + prompt * prompt, 0)
    time += 22.05 + 0.1405 * prompts + 8.08e-6 * squares
  }
  if (running.length === 0) return time
  const context = running.reduce((sum, { now }) => sum + now, 0)
  const [base, perToken, perSequence] = running.length < 95 ? [23.48, 5.93e-4, 0.0607] : [20.21, 4.91e-4, 0.12]
  return time + base + perToken * context + perSequence * running.length
}

function drawRequests(options: ReservationOptions): Request[] {
  const { random, sigma, contextMax } = options
  const median = (mean: number): number => mean / Math.exp((sigma * sigma) / 2)
  let at = 0
  return Array.from({ length: options.requests }, () => {
    at -= (Math.log(1 - random.next()) / options.requestsPerSecond) * 1000
    const prompt = Math.min(Math.ceil(lognormal(random, median(options.promptMean), sigma)), contextMax / 2)
    const answer = Math.min(Math.ceil(lognormal(random, median(options.answerMean), sigma)), contextMax - prompt)
    return { arrivedAt: at, prompt, total: prompt + answer, start: -1, now: prompt, blocks: [] }
  })
}

interface Store {
  enter(request: Request): boolean
  grow(request: Request): boolean
  leave(request: Request): void
}

function storeFor(options: ReservationOptions): Store {
  if (options.reservation === 'paged') return pagedStore(options)
  const memory: ContiguousMemory = options.allocator === 'best-fit' ? new BestFitMemory(options.slots) : new BuddyMemory(options.slots)
  return {
    enter: (request) => {
      const start = memory.allocate(reservedSlots(request, options))
      request.start = start ?? -1
      return start !== undefined
    },
    grow: () => true,
    leave: (request) => memory.free(request.start),
  }
}

function pagedStore({ slots, blockTokens }: ReservationOptions): Store {
  const pool = new BlockPool({ blocks: Math.floor(slots / blockTokens) })
  const leave = ({ blocks }: Request): void => {
    for (const slot of blocks.reverse()) pool.release(slot)
    blocks.length = 0
  }
  const room = (request: Request, tokens: number): boolean => {
    while (request.blocks.length * blockTokens < tokens) {
      const slot = pool.take()
      if (slot === noSlot) return false
      request.blocks.push(slot)
    }
    return true
  }
  const enter = (request: Request): boolean => {
    if (room(request, request.now)) return true
    leave(request)
    return false
  }
  return { enter, leave, grow: (request) => room(request, request.now + 1) }
}

function reservedSlots({ prompt, total }: Request, { reservation, contextMax }: ReservationOptions): number {
  if (reservation === 'max') return contextMax
  return reservation === 'oracle' ? total : Math.min(contextMax, prompt + nextPowerOfTwo(total - prompt))
}

class Gauge {
  readonly #options: ReservationOptions
  readonly #batches: number[] = []
  readonly #saturated: { tokens: number; final: number; reserved: number; batch: number }[] = []

  constructor(options: ReservationOptions) {
    this.#options = options
  }

  sample(running: readonly Request[], waiting: boolean): void {
    this.#batches.push(running.length)
    if (!waiting) return
    let tokens = 0
    let final = 0
    let reserved = 0
    for (const request of running) {
      tokens += request.now
      final += request.total
      reserved +=
        this.#options.reservation === 'paged' ? request.blocks.length * this.#options.blockTokens : reservedSlots(request, this.#options)
    }
    this.#saturated.push({ tokens, final, reserved, batch: running.length })
  }

  result(): ReservationResult {
    const { reservation, slots } = this.#options
    const average = (of: (sample: { tokens: number; final: number; reserved: number; batch: number }) => number): number =>
      mean(this.#saturated.map(of))
    const batches = { meanBatch: mean(this.#batches), meanBatchSaturated: average(({ batch }) => batch) }
    if (reservation === 'paged') {
      const tokens = average((sample) => sample.tokens / sample.reserved)
      return { tokens, reserved: 0, internal: 1 - tokens, external: 0, ...batches }
    }
    return {
      tokens: average((sample) => sample.tokens / slots),
      reserved: average((sample) => (sample.final - sample.tokens) / slots),
      internal: average((sample) => (sample.reserved - sample.final) / slots),
      external: average((sample) => 1 - sample.reserved / slots),
      ...batches,
    }
  }
}

/** OPT-13B on an A100-40GB with ShareGPT-like lengths at two requests a second. The spread of the lengths is not published. */
export const paperSetup = {
  slots: 15_700,
  contextMax: 2_048,
  blockTokens: 16,
  requests: 1_500,
  requestsPerSecond: 2,
  promptMean: 161,
  answerMean: 338,
  sigma: 0.75,
} as const
