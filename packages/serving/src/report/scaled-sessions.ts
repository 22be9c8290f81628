import type { TraceRequest } from '../trace/trace-request.ts'

/** The conversations of a trace, turn by turn; requests without one are left out. */
export function sessionsOf(requests: readonly TraceRequest[]): readonly (readonly TraceRequest[])[] {
  const sessions = new Map<string, TraceRequest[]>()
  for (const request of requests) {
    if (request.session === undefined) continue
    const turns = sessions.get(request.session.session)
    if (turns === undefined) sessions.set(request.session.session, [request])
    else turns.push(request)
  }
  return [...sessions.values()]
}

/** A conversation whose contexts are scaled. Block names are taken at the scaled places, so reuse between turns stays as it was. */
export function scaledSession(turns: readonly TraceRequest[], scale: number, blockTokens: number): TraceRequest[] {
  return turns.map((request) => {
    const promptTokens = Math.max(1, Math.round(request.promptTokens * scale))
    const { keys = [], blockTokens: own = blockTokens } = request.prefix ?? {}
    const names = Float64Array.from({ length: keys.length === 0 ? 0 : Math.floor(promptTokens / blockTokens) }, (_, block) => {
      const place = Math.floor(((block + 1) * blockTokens) / own / scale) - 1
      return keys[Math.max(0, Math.min(keys.length - 1, place))] as number
    })
    return { ...request, promptTokens, prefix: { blockTokens, keys: names } }
  })
}
