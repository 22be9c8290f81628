import type { Random } from '@infermesh/kernel'
import type { EngineRequest } from '@infermesh/serving'
import { type Law, within } from './law.ts'
import { type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

/** Of a front that two prompts share, the part in the last block is not found again: half a block less half a token, on average. */
export const sharedFrontLoss = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.shared-front-loss',
  source: 'found = floor(shared / B) · B, so (B-1)/2 tokens are lost for uniform lengths, summed over B = 1 to 512',
  run: (random) => {
    const samples = 300
    const losses = sizes.map((size) => experiment(make, size, { random, samples, tokens: 2_048 }).lostTokens)
    const expected = sizes.reduce((sum, size) => sum + (size - 1) / 2, 0)
    const variance = sizes.reduce((sum, size) => sum + (size * size - 1) / 12 / samples, 0)
    const deviation = 4 * Math.sqrt(variance)
    return within(
      expected,
      losses.reduce((sum, lost) => sum + lost, 0),
      [expected - deviation, expected + deviation],
    )
  },
})

/** What the pool needs to take, name and give back one block, and what an H100 needs to read one token with 8 billion parameters. */
const microsPerBlock = 0.1
const microsPerToken = 25

/** Small blocks cost handling, large ones lose hits; at the contexts of coding agents, blocks of some dozens of tokens are the cheapest. */
export const blockSizeOptimum = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.block-size-optimum',
  source: 'n/B blocks to handle and (B-1)/2 tokens to read again: least at B = √(2·n·block / token); between 16 and 64',
  run: (random) => {
    const tokens = 120_000
    const costs = sizes.map((size) => {
      const { blocks, lostTokens } = experiment(make, size, { random, samples: 6, tokens })
      return blocks * microsPerBlock + lostTokens * microsPerToken
    })
    const cheapest = sizes[costs.indexOf(Math.min(...costs))] ?? 0
    return within(Math.sqrt((2 * tokens * microsPerBlock) / microsPerToken), cheapest, [16, 64])
  },
})

interface Sweep {
  readonly random: Random
  readonly samples: number
  /** Longest prompt, which is the longest shared front and some words of its own. */
  readonly tokens: number
}

/** Pairs of prompts that share a front: blocks that the second one holds, and tokens of the front that were not found, on average. */
function experiment(make: EngineMaker, blockTokens: number, { random, samples, tokens }: Sweep): { blocks: number; lostTokens: number } {
  const engine = make({ ...plainOptions, blockTokens, blocks: Math.ceil((3 * tokens) / blockTokens) + 64, stepTokensMax: 4 * tokens })
  let blocks = 0
  let lostTokens = 0
  for (let sample = 0; sample < samples; sample++) {
    const shared = tokens - 1_024 + random.below(1_024)
    const now = sample * 1e9
    engine.submit(prompt(`a${sample}`, sample, shared), now)
    engine.advance(now + 4e8)
    engine.submit({ ...prompt(`b${sample}`, sample, shared), answerTokens: 2 }, now + 5e8)
    engine.advance(now + 5e8)
    blocks += engine.inspect().tables[0]?.slots.length ?? 0
    for (const event of engine.advance(now + 9e8)) if (event.type === 'finished') lostTokens += shared - event.cost.cachedTokens
  }
  return { blocks: blocks / samples, lostTokens: lostTokens / samples }
}

/** A front of its sample's own, then words of its own: each token has a name, which stands for all before it. */
function prompt(id: string, sample: number, shared: number): EngineRequest {
  const own = 600
  const first = (2 * sample + (id.startsWith('b') ? 1 : 0)) * 1_000_000_000
  const keys = Float64Array.from(
    { length: shared + own },
    (_, token) => (token < shared ? sample * 2_000_000_000 : first + 500_000_000) + token,
  )
  return { id, promptTokens: shared + own, answerTokens: 1, prefix: { blockTokens: 1, keys } }
}
