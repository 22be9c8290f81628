import { ttlPolicy } from '@infermesh/serving'
import { type Law, within } from './law.ts'
import { type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

const missCostMs = 5_000

/** Keeping until the holding has cost as much as a miss never costs more than twice what a clairvoyant pays. */
export const skiRental = (make: EngineMaker = realEngine): Law => ({
  name: 'idle.ski-rental',
  source: 'competitive time-to-live: cost ≤ 2 × clairvoyant cost for every pause',
  run: (random) => {
    let worst = 0
    for (let sample = 0; sample < 200; sample++) {
      const gapMs = 1 + Math.floor(missCostMs * 4 * random.next())
      const found = returnsToCache(make, gapMs)
      // A hit after the time-to-live means that the blocks were held all along, and that holding is charged.
      const cost = found ? gapMs : Math.min(gapMs, missCostMs) + missCostMs
      worst = Math.max(worst, cost / Math.min(gapMs, missCostMs))
    }
    return within(2, worst, [1, 2])
  },
})

function returnsToCache(make: EngineMaker, gapMs: number): boolean {
  const engine = make({ ...plainOptions, idle: ttlPolicy(missCostMs) })
  const turn = (number: number) => ({
    id: `turn ${number}`,
    promptTokens: 65,
    answerTokens: 1,
    prefix: { blockTokens: 16, keys: [1, 2, 3, 4] },
    session: { session: 's', turn: number, last: number === 1, pause: 'tool' as const },
  })
  engine.submit(turn(0), 0)
  const [first] = engine.advance(1_000).flatMap((event) => (event.type === 'finished' ? [event.cost.lastTokenAt] : []))
  engine.submit(turn(1), (first ?? 0) + gapMs)
  return engine.advance(1e6).some((event) => event.type === 'finished' && event.cost.cachedTokens > 0)
}
