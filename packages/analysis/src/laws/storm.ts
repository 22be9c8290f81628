import type { EngineRequest, StepLoad } from '@infermesh/serving'
import { exact, type Law, near } from './law.ts'
import { type EngineMaker, plainOptions, realEngine } from './serving-subject.ts'

const { blockTokens } = plainOptions
const newTokens = 32
/** Tokens of the front that all conversations share. */
const frontTokens = 1_024
const contexts = [2_048, 3_072, 4_096, 6_144, 8_192]

/** An operator leaves with the memory of its conversations: whoever takes them over reads every context again. */
export const stormSize = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.storm-size',
  source: 'tokens computed again = sum of the contexts that the lost operator held, a shared front once',
  run: () => {
    const { readAgain } = takeOver(make, { isReplicated: false })
    // The front is the same for all, so the first to come brings it for the others.
    const expected = contexts.reduce((sum, context) => sum + context, 0) - (contexts.length - 1) * frontTokens
    return exact(expected, readAgain)
  },
})

/** Where the shared front was replicated before, the storm is over earlier by the part that it is of the whole. */
export const stormRecovery = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.storm-recovery',
  source: 'recovery time is proportional to what is read: with the front replicated, less by front / storm',
  run: () => {
    const [bare, replicated] = [false, true].map((isReplicated) => takeOver(make, { isReplicated }))
    const read = (bare?.readAgain ?? 0) + contexts.length * newTokens
    return near(1 - frontTokens / read, (replicated?.recoveryMs ?? 0) / (bare?.recoveryMs ?? 1), 0.01)
  },
})

/** The next turns of all conversations come, one after another, to an operator that never saw them. */
function takeOver(make: EngineMaker, { isReplicated }: { readonly isReplicated: boolean }): { readAgain: number; recoveryMs: number } {
  let computed = 0
  const stepTime = (load: StepLoad): number => {
    for (const chunk of load.chunkTokens) computed += chunk
    return load.tokens
  }
  const engine = make({ ...plainOptions, blocks: 4_000, stepTokensMax: 2_048, sequencesMax: 1, stepTime })
  if (isReplicated) engine.submit({ ...turn('front', 0, frontTokens), id: 'front' }, 0)
  engine.advance(1e6)
  const before = computed
  for (const [number, context] of contexts.entries()) engine.submit(turn(`s${number}`, number + 1, context + newTokens), 1e6)
  const ends = engine.advance(1e9).flatMap((event) => (event.type === 'finished' ? [event.at] : []))
  return { readAgain: computed - before - contexts.length * newTokens, recoveryMs: (ends.at(-1) ?? 0) - 1e6 }
}

function turn(id: string, talk: number, promptTokens: number): EngineRequest {
  const shared = frontTokens / blockTokens
  const keys = Array.from({ length: promptTokens / blockTokens }, (_, block) => (block < shared ? block : talk * 10_000 + block))
  return { id, promptTokens, answerTokens: 1, prefix: { blockTokens, keys }, session: { session: id, turn: 1, last: false, pause: 'tool' } }
}
