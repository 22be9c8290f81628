import { type Law, within } from './law.ts'
import { type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

const blockTokens = 16
const samples = 4_000

/** A sequence of random length leaves, on average, half a block less half a token unused. */
export const internalWaste = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.internal-waste',
  source: 'waste = (-length) mod B, mean (B-1)/2 for uniform lengths; paged attention, SOSP 2023',
  run: (random) => {
    const engine = make({ ...plainOptions, blockTokens })
    let waste = 0
    for (let index = 0; index < samples; index++) {
      const promptTokens = 1 + random.below(blockTokens * 40)
      const now = index * 10_000
      engine.submit({ id: `r${index}`, promptTokens, answerTokens: 2 }, now)
      engine.advance(now)
      const [table] = engine.inspect().tables
      waste += (table?.slots.length ?? 0) * blockTokens - promptTokens
      engine.cancel(`r${index}`, now)
    }
    const expected = (blockTokens - 1) / 2
    const deviation = Math.sqrt((blockTokens * blockTokens - 1) / 12 / samples)
    return within(expected, waste / samples, [expected - 4 * deviation, expected + 4 * deviation])
  },
})
