import type { EngineRequest, ReturnHint } from '../engine/request.ts'

/** A request of a trace. Later turns of a session may be timed by the turn before: see `thinkMs`. */
export interface TraceRequest extends EngineRequest {
  /** Milliseconds from the trace's start. */
  readonly arrivalMs: number
  /** Pause after the previous turn's answer; absent on first turns and where the trace has no sessions. */
  readonly thinkMs?: number
}

/** A line that is no request, in words: expected, found. */
export interface BadLine {
  readonly fault: string
}

/** Reads one line of a trace. A line may hold several requests (a session), or none (a header). */
export type LineParser = (text: string, line: number) => readonly TraceRequest[] | BadLine

export const isBad = (parsed: object): parsed is BadLine => 'fault' in parsed && typeof parsed.fault === 'string'

/** Adds to each turn the client's own guess of when it returns: the true pause times a lognormal error. `draw` gives standard normals. */
export function withHints(requests: readonly TraceRequest[], sigma: number, draw: () => number): TraceRequest[] {
  const pauses = new Map<string, number>()
  for (const { session, thinkMs } of requests)
    if (session !== undefined && thinkMs !== undefined) pauses.set(`${session.session}/${session.turn}`, thinkMs)
  return requests.map((request) => {
    const { session } = request
    if (session === undefined || session.last) return request
    const pause = pauses.get(`${session.session}/${session.turn + 1}`)
    if (pause === undefined) return request
    const hint: ReturnHint = { expectMs: pause * Math.exp(sigma * draw()), sigma }
    return { ...request, session: { ...session, hint } }
  })
}
