import { randomFrom } from '@infermesh/kernel'
import {
  dropPolicy,
  type EngineOptions,
  engineOptionsFor,
  hintPolicy,
  normal,
  serveTrace,
  type TraceRequest,
  withHints,
} from '@infermesh/serving'
import { findData, readProfile, readTrace } from '@infermesh/serving/files'

/** Good turns a second of one eight-GPU node, by open sessions and context length: where the cliff is and what removes it. */
const agentic = findData('agentic/sessions.jsonl.gz')
if (agentic.missing !== undefined) {
  console.log(`skipped: ${agentic.missing}`)
  process.exit(0)
}

const blockTokens = 256
const profile = await readProfile('h100x8-llama-3-70b')
const sessions = [...Map.groupBy((await readTrace(agentic.path)).requests, ({ session }) => session?.session).values()]
const base = engineOptionsFor({ profile, blockTokens, stepTokensMax: 8_192 })
const host = { name: 'host', blocks: Math.floor(8e6 / blockTokens), bytesPerSecond: 200e9, baseMs: 0.001, serversPerDirection: 1 }

console.log(['scale', 'sessions', 'drop', 'lru', 'hint', 'gate', 'host'].join('\t'))
for (const scale of [0.25, 0.5, 1])
  for (const count of [8, 16, 24, 32, 48, 64, 96, 128]) {
    const trace = scaled(count, scale)
    const random = randomFrom('hints')
    const good = [
      run(trace, { idle: dropPolicy() }),
      run(trace, {}),
      run(
        withHints(trace, 0.7, () => normal(random)),
        { idle: hintPolicy() },
      ),
      run(trace, { sessionShareMax: 0.92 }),
      run(trace, { tiers: [host] }),
    ]
    console.log([scale, count, ...good.map((value) => value.toFixed(3))].join('\t'))
  }

function run(requests: readonly TraceRequest[], change: Partial<EngineOptions>): number {
  const report = serveTrace({ requests, engine: { ...base, ...change }, closedLoop: true, thinkMsMax: 600_000, untilMs: 3_600_000 })
  return report.metrics['goodput.turns_per_s'] ?? 0
}

/** The first sessions of the corpus with every context scaled. Block names are taken at the scaled places, so reuse stays as it was. */
function scaled(count: number, scale: number): TraceRequest[] {
  return sessions.slice(0, count).flatMap((turns, number) =>
    turns.map((request) => {
      const promptTokens = Math.max(1, Math.round(request.promptTokens * scale))
      const names = request.prefix?.keys ?? []
      const keys = Float64Array.from({ length: Math.floor(promptTokens / blockTokens) }, (_, block) => {
        const place = Math.floor(((block + 1) * blockTokens) / 64 / scale) - 1
        return names[Math.min(names.length - 1, place)] ?? 0
      })
      return { ...request, arrivalMs: number * 2_000, promptTokens, prefix: { blockTokens, keys } }
    }),
  )
}
