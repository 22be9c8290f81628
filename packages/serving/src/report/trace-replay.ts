import type { Engine } from '../engine/engine.ts'
import type { EngineEvent, RequestCost } from '../engine/request.ts'
import type { TraceRequest } from '../trace/trace-request.ts'
import type { Refusal, ServeOptions } from './serving-report.ts'

export interface Replay {
  readonly costs: readonly RequestCost[]
  readonly refused: readonly Refusal[]
  /** Requests that came before the end. */
  readonly offered: number
  /** Context tokens that an earlier turn had computed and this one computed again. */
  readonly recomputedContext: number
}

/** Drives an engine through a trace: arrivals in order, and in a closed loop each turn after the answer before it. */
export function replayTrace(engine: Engine, options: ServeOptions): Replay {
  const untilMs = options.untilMs ?? never
  const arrivals = new Arrivals(options)
  const book = new ReplayBook()
  let offered = 0
  for (;;) {
    const now = Math.min(arrivals.nextAt(), engine.nextEventAt() ?? never)
    if (now === never || now > untilMs) break
    for (; arrivals.nextAt() <= now; offered++) {
      const { request, at } = arrivals.take()
      engine.submit(request, at)
    }
    for (const event of engine.advance(now))
      if (event.type === 'finished' || event.type === 'refused') book.enter(event, arrivals.ended(event.id, event.at))
  }
  return { ...book.pages(), offered }
}

const never = Number.POSITIVE_INFINITY

type EndEvent = Extract<EngineEvent, { readonly type: 'finished' | 'refused' }>

class ReplayBook {
  readonly #costs: RequestCost[] = []
  readonly #refused: Refusal[] = []
  readonly #contexts = new Map<string, number>()
  #recomputedContext = 0

  enter(event: EndEvent, request: TraceRequest): void {
    if (event.type === 'refused') {
      this.#refused.push({ id: event.id, reason: event.reason })
      return
    }
    this.#costs.push(event.cost)
    if (request.session === undefined) return
    const before = this.#contexts.get(request.session.session) ?? 0
    this.#contexts.set(request.session.session, request.promptTokens)
    const reused = event.cost.cachedTokens + event.cost.loadedTokens
    this.#recomputedContext += Math.max(0, Math.min(before, request.promptTokens) - reused)
  }

  pages(): Omit<Replay, 'offered'> {
    return { costs: this.#costs, refused: this.#refused, recomputedContext: this.#recomputedContext }
  }
}

interface Arrival {
  readonly request: TraceRequest
  readonly at: number
}

/** What is still to come, by time. In a closed loop a session's next turn is put in when the one before has ended. */
class Arrivals {
  readonly #queue: Arrival[]
  readonly #following = new Map<string, TraceRequest>()
  readonly #byId = new Map<string, TraceRequest>()
  readonly #thinkMsMax: number
  #taken = 0

  constructor({ requests, closedLoop = false, thinkMsMax = Number.POSITIVE_INFINITY }: ServeOptions) {
    this.#thinkMsMax = thinkMsMax
    const opening: Arrival[] = []
    for (const request of requests) {
      this.#byId.set(request.id, request)
      if (closedLoop && request.session !== undefined && request.session.turn > 0) this.#following.set(turnName(request, 0), request)
      else opening.push({ request, at: request.arrivalMs })
    }
    this.#queue = opening
      .map((arrival, index) => ({ arrival, index }))
      .sort((a, b) => a.arrival.at - b.arrival.at || a.index - b.index)
      .map(({ arrival }) => arrival)
  }

  nextAt(): number {
    return this.#queue[this.#taken]?.at ?? never
  }

  take(): Arrival {
    return this.#queue[this.#taken++] as Arrival
  }

  ended(id: string, at: number): TraceRequest {
    const request = this.#byId.get(id) as TraceRequest
    const next = request.session === undefined ? undefined : this.#following.get(turnName(request, 1))
    if (next !== undefined) this.#insert({ request: next, at: Math.ceil(at) + Math.min(next.thinkMs ?? 0, this.#thinkMsMax) })
    return request
  }

  #insert(arrival: Arrival): void {
    let index = this.#queue.length
    while (index > this.#taken && (this.#queue[index - 1] as Arrival).at > arrival.at) index--
    this.#queue.splice(index, 0, arrival)
  }
}

const turnName = ({ session }: TraceRequest, later: number): string => `${session?.session}/${(session?.turn ?? 0) + later}`
