import { auditPool, keepPolicy } from '@infermesh/serving'
import { exact, type Law } from './law.ts'
import { type Arrival, drive, type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

/** Under pressure, at every moment: free and held blocks add up, references equal table entries, only full blocks are named. */
export const blockConservation = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.block-conservation',
  source: 'free + held = N; references = table entries; named blocks are full; none is both free and held',
  run: (random) => {
    const engine = make({ ...plainOptions, blocks: 40, stepTokensMax: 200, idle: keepPolicy() })
    let at = 0
    const arrivals = Array.from({ length: 200 }, (_, index): Arrival => {
      at += random.below(400)
      const [family, promptTokens] = [random.below(5), 1 + random.below(300)]
      const keys = Array.from({ length: Math.floor(promptTokens / 16) }, (_, block) => family * 1_000 + block)
      const session = { session: `s${family}`, turn: index, last: random.next() < 0.2, pause: 'tool' as const }
      return {
        at,
        request: { id: `r${index}`, promptTokens, answerTokens: 1 + random.below(60), prefix: { blockTokens: 16, keys }, session },
      }
    })
    let broken = 0
    const costs = drive(engine, arrivals, () => {
      const { pool, tables } = engine.inspect()
      broken += auditPool(pool, tables).length
    })
    return exact(0, broken + (arrivals.length - costs.length))
  },
})
