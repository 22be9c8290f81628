import type { Random } from '@infermesh/kernel'
import { mean } from '@infermesh/serving'
import { type Law, near, within } from './law.ts'
import { type Arrival, drive, type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

/** Mean number in the system equals arrival rate times mean time in it. */
export const little = (make: EngineMaker = realEngine): Law => ({
  name: 'queue.little',
  source: "Little 1961: L = λ·W, from the engine's own counts and from its requests' times",
  run: (random) => {
    const engine = make({ ...plainOptions, sequencesMax: 16, blocks: 400 })
    const arrivals = poisson(random, 2_000, 900, () => ({ promptTokens: 20 + random.below(200), answerTokens: 1 + random.below(60) }))
    let area = 0
    let last = 0
    let inside = 0
    const costs = drive(engine, arrivals, (at) => {
      area += inside * (at - last)
      last = at
      const { running, waiting } = engine.load()
      inside = running + waiting
    })
    return near((costs.length * mean(costs.map((cost) => cost.lastTokenAt - cost.arrivedAt))) / last, area / last, 0.01)
  },
})

/** Without batching, prefill is a single server: waiting follows Pollaczek and Khinchine. */
export const singleServer = (make: EngineMaker = realEngine): Law => ({
  name: 'queue.single-server',
  source: 'Pollaczek-Khinchine: W = λ·E[S²] / (2·(1 - ρ)), first come first served',
  run: (random) => {
    const service = (tokens: number): number => 10 + tokens
    const engine = make({ ...plainOptions, sequencesMax: 1, blocks: 10_000 })
    const gapMs = 200
    const arrivals = poisson(random, 40_000, gapMs, () => ({ promptTokens: 1 + random.below(200), answerTokens: 1 }))
    const waits = drive(engine, arrivals).map((cost) => cost.scheduledAt - cost.arrivedAt)
    const times = Array.from({ length: 200 }, (_, index) => service(index + 1))
    const load = mean(times) / gapMs
    const expected = mean(times.map((time) => time * time)) / gapMs / (2 * (1 - load))
    const error = 4 * standardError(waits, 40)
    return within(expected, mean(waits), [expected - error, expected + error])
  },
})

/** From batch means: waits of neighbours resemble each other, so single waits would pretend to know too much. */
function standardError(values: readonly number[], batches: number): number {
  const size = Math.floor(values.length / batches)
  const means = Array.from({ length: batches }, (_, batch) => mean(values.slice(batch * size, (batch + 1) * size)))
  const centre = mean(means)
  return Math.sqrt(mean(means.map((value) => (value - centre) * (value - centre))) / (batches - 1))
}

function poisson(random: Random, count: number, gapMs: number, draw: () => { promptTokens: number; answerTokens: number }): Arrival[] {
  let at = 0
  return Array.from({ length: count }, (_, index) => {
    at -= Math.log(1 - random.next()) * gapMs
    return { at, request: { id: `r${index}`, ...draw() } }
  })
}
