import type { EngineEvent, EngineOptions, EngineRequest, RequestCost } from '@infermesh/serving'
import { Engine } from '@infermesh/serving'

/** What the laws experiment on. A test hands in a broken one to see the law fail. */
export type EngineMaker = (options: EngineOptions) => Engine

export const realEngine: EngineMaker = (options) => new Engine(options)

/** A step of 10 ms and 1 ms for each new token: simple enough to know the right answer. */
export const plainOptions: EngineOptions = {
  blocks: 1_000,
  blockTokens: 16,
  kvBytesPerToken: 1_000,
  stepTime: ({ tokens }) => 10 + tokens,
  stepTokensMax: 100_000,
  sequencesMax: 1_000,
  tokenEvents: false,
}

export interface Arrival {
  readonly request: EngineRequest
  readonly at: number
}

/** Submits in order, runs to the end, and tells of each moment at which anything changed. */
export function drive(
  engine: Engine,
  arrivals: readonly Arrival[],
  onMoment?: (at: number, events: readonly EngineEvent[]) => void,
): RequestCost[] {
  const costs: RequestCost[] = []
  let next = 0
  for (;;) {
    const at = Math.min(arrivals[next]?.at ?? Number.POSITIVE_INFINITY, engine.nextEventAt() ?? Number.POSITIVE_INFINITY)
    if (at === Number.POSITIVE_INFINITY) return costs
    for (let arrival = arrivals[next]; arrival !== undefined && arrival.at <= at; arrival = arrivals[next]) {
      engine.submit(arrival.request, arrival.at)
      next++
    }
    const events = engine.advance(at)
    for (const event of events) if (event.type === 'finished') costs.push(event.cost)
    onMoment?.(at, events)
  }
}

/** Requests one after another, each alone. */
export function serveAlone(engine: Engine, requests: readonly EngineRequest[]): RequestCost[] {
  const costs: RequestCost[] = []
  let now = 0
  for (const request of requests) {
    engine.submit(request, now)
    for (let due = engine.nextEventAt(); due !== undefined; due = engine.nextEventAt()) {
      now = Math.max(now, due)
      for (const event of engine.advance(now)) if (event.type === 'finished') costs.push(event.cost)
    }
  }
  return costs
}
