import { dropPolicy, type EngineRequest, keepPolicy, type StepLoad } from '@infermesh/serving'
import { exact, type Law } from './law.ts'
import { type EngineMaker, plainOptions, realEngine, serveAlone } from './serving-subject.ts'

const turns = 12
const growthTokens = 64

/** Keeping a conversation's KV saves (K-1)/(K+1) of its prefill over K equal turns. */
export const conversationReuse = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.conversation-reuse',
  source: 'prefill without reuse g·K(K+1)/2, with reuse g·K',
  run: () => exact((turns - 1) / (turns + 1), 1 - prefilled(make, true) / prefilled(make, false)),
})

/** Prompt tokens that steps really computed. */
function prefilled(make: EngineMaker, keeps: boolean): number {
  let tokens = 0
  const stepTime = (load: StepLoad): number => {
    for (const chunk of load.chunkTokens) tokens += chunk
    return 10 + load.tokens
  }
  const engine = make({ ...plainOptions, stepTime, idle: keeps ? keepPolicy() : dropPolicy() })
  serveAlone(
    engine,
    Array.from({ length: turns }, (_, turn) => turnOf(turn)),
  )
  return tokens
}

function turnOf(turn: number): EngineRequest {
  const promptTokens = (turn + 1) * growthTokens
  const keys = Array.from({ length: promptTokens / plainOptions.blockTokens }, (_, block) => block)
  return {
    id: `turn ${turn}`,
    promptTokens,
    answerTokens: 1,
    prefix: { blockTokens: plainOptions.blockTokens, keys },
    session: { session: 's', turn, last: turn === turns - 1, pause: 'user' },
  }
}
