import { z } from 'zod'
import { duration, tokenCount } from './quantities.ts'

/**
 * Conversations instead of single requests: each next turn is sent a pause after the answer before it, with a prompt that goes on
 * where the last one ended. Drawn like coding-agent sessions of a public corpus, or taken from a trace that has sessions.
 */
export const sessions = z.strictObject({
  count: z.int().min(1).max(100_000).meta({ description: 'How many conversations start' }),
  start: duration.meta({ description: 'They start within this time; default all of the load' }).optional(),
  context: z.number().gt(0).max(8).meta({ description: 'Scales every context; 1 is the corpus, with a mean of 120,000 tokens' }).optional(),
  turns: z.int().min(1).max(10_000).meta({ description: 'Most turns of one conversation' }).optional(),
  think: duration.meta({ description: 'Longer pauses are cut to this' }).optional(),
  hints: z
    .number()
    .min(0)
    .max(10)
    .meta({ description: 'Clients say when they will be back, with a lognormal error of this sigma' })
    .optional(),
  shared: z
    .strictObject({ tokens: tokenCount, groups: z.int().min(1).max(10_000) })
    .meta({ description: 'The prompts of a group begin with the same public tokens, such as a system prompt' })
    .optional(),
})
