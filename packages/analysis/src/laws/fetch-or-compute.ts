import { type Law, near } from './law.ts'
import { type EngineMaker, plainOptions, realEngine, serveAlone } from './serving-subject.ts'

/** Llama-3-8B on an H100 at a short prefix. */
const kvBytesPerToken = 131_072
const microsPerToken = 25
const contextTokens = 8_192
const stepsPerDecade = 60

/** From 0.1 to 200 GB/s: the slowest link over which KV is fetched and not computed anew. */
export const fetchOrCompute = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.fetch-or-compute',
  source: 'break-even bandwidth = KV bytes of a token / time to compute it: 5.2 GB/s for Llama-3-8B on an H100',
  run: () => {
    const links = Array.from(
      { length: Math.ceil(3.3 * stepsPerDecade) },
      (_, step) => 0.1e9 * Math.exp((step * Math.LN10) / stepsPerDecade),
    )
    const slowest = links.find((bytesPerSecond) => isFetched(make, bytesPerSecond)) ?? 0
    return near((kvBytesPerToken / microsPerToken) * 1e6, slowest, 0.1)
  },
})

/** One conversation that was pushed off the GPU comes back with its context and a little more. */
function isFetched(make: EngineMaker, bytesPerSecond: number): boolean {
  const blocks = contextTokens / plainOptions.blockTokens + 4
  const engine = make({
    ...{ ...plainOptions, blocks, kvBytesPerToken, stepTime: ({ tokens }) => (tokens * microsPerToken) / 1_000 },
    tiers: [{ name: 'host', blocks: 4 * blocks, bytesPerSecond, baseMs: 0, serversPerDirection: 1 }],
  })
  const request = (id: string, talk: number, promptTokens: number) => {
    const keys = Array.from({ length: Math.floor(promptTokens / plainOptions.blockTokens) }, (_, block) => talk * 10_000 + block)
    return { id, promptTokens, answerTokens: 1, prefix: { blockTokens: plainOptions.blockTokens, keys } }
  }
  const costs = serveAlone(engine, [request('a', 1, contextTokens), request('b', 2, contextTokens), request('c', 1, contextTokens + 16)])
  return (costs[2]?.loadedTokens ?? 0) > contextTokens / 2
}
