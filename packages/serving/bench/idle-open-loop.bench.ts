import { randomFrom } from '@infermesh/kernel'
import {
  dropPolicy,
  type EngineOptions,
  hazardPolicy,
  hintPolicy,
  type IdlePolicy,
  keepPolicy,
  normal,
  offlinePolicy,
  serveTrace,
  type TraceRequest,
  ttlPolicy,
  withHints,
} from '@infermesh/serving'
import { findData, readTrace } from '@infermesh/serving/files'

/** Hit ratios of idle policies on coding-agent sessions that start within eight hours, whatever the engine's speed. */
const agentic = findData('agentic/sessions.jsonl.gz')
if (agentic.missing !== undefined) {
  console.log(`skipped: ${agentic.missing}`)
  process.exit(0)
}

const blockTokens = 256
const capacities = [1e6, 2e6, 4e6, 8e6, 16e6, 32e6]
const startsWithinMs = 8 * 3_600_000
const trace = spreadStarts((await readTrace(agentic.path)).requests)

const policies: readonly (readonly [string, () => { idle?: IdlePolicy; requests: readonly TraceRequest[] }])[] = [
  ['drop', () => ({ idle: dropPolicy(), requests: trace })],
  ['lru', () => ({ requests: trace })],
  ['keep', () => ({ idle: keepPolicy(), requests: trace })],
  ...[30, 120, 600].map((seconds) => [`ttl-${seconds}s`, () => ({ idle: ttlPolicy(seconds * 1_000), requests: trace })] as const),
  // Prefill of 25 tokens a millisecond, as on an H100 with 8 billion parameters.
  [
    'hazard',
    () => ({ idle: hazardPolicy({ prefillMs: (tokens) => tokens / 25, moveMs: () => Number.POSITIVE_INFINITY }), requests: trace }),
  ],
  ...[0, 0.3, 1, 1.5].map((sigma) => [`hint-${sigma}`, () => ({ idle: hintPolicy(), requests: hinted(sigma) })] as const),
  ['offline', () => ({ idle: offlinePolicy(nextArrivals()), requests: trace })],
]

console.log(['policy', ...capacities.map((tokens) => `${tokens / 1e6}M`)].join('\t'))
for (const [name, make] of policies) console.log([name, ...capacities.map((tokens) => hitRatio(tokens, make()).toFixed(4))].join('\t'))

function hitRatio(tokens: number, { idle, requests }: { idle?: IdlePolicy; requests: readonly TraceRequest[] }): number {
  const engine: EngineOptions = {
    blocks: Math.floor(tokens / blockTokens),
    blockTokens,
    kvBytesPerToken: 1,
    stepTime: () => 0.001,
    stepTokensMax: 1e6,
    sequencesMax: 256,
    ...(idle === undefined ? {} : { idle }),
  }
  return serveTrace({ requests: requests.map((request) => ({ ...request, answerTokens: 1 })), engine }).metrics['kv.hit_rate'] ?? 0
}

function spreadStarts(requests: readonly TraceRequest[]): TraceRequest[] {
  const random = randomFrom('starts')
  const starts = new Map<string, number>()
  return requests.map((request) => {
    const session = request.session?.session ?? request.id
    const start = starts.get(session) ?? Math.floor(random.next() * startsWithinMs)
    starts.set(session, start)
    return { ...request, arrivalMs: request.arrivalMs + start }
  })
}

/** The true pause is the time to the next arrival here: nobody waits for an engine. */
function hinted(sigma: number): TraceRequest[] {
  const random = randomFrom(`hints ${sigma}`)
  const byTime = trace.map((request, index) => {
    const before = trace[index - 1]
    return before?.session?.session === request.session?.session && before !== undefined
      ? { ...request, thinkMs: request.arrivalMs - before.arrivalMs }
      : request
  })
  return withHints(byTime, sigma, () => normal(random))
}

function nextArrivals(): (session: { readonly session: string; readonly since: number }) => number {
  const arrivals = Map.groupBy(trace, ({ session }) => session?.session ?? '')
  return ({ session, since }) => arrivals.get(session)?.find(({ arrivalMs }) => arrivalMs > since)?.arrivalMs ?? Number.POSITIVE_INFINITY
}
