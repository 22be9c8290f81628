import { z } from 'zod'
import { modelName } from './models.ts'
import { obliviousLoad } from './oblivious.ts'
import { duration, lengths, rate } from './quantities.ts'
import { sessions } from './sessions.ts'

/** Statistics of real traces that a load may be drawn from. */
export const published = ['azure-conversation-2023'] as const

export const load = z
  .strictObject({
    client: z.int().min(1).max(100_000).meta({ description: 'How many client peers send this load' }),
    model: modelName,
    rate: rate.optional(),
    from: duration,
    until: duration,
    prompt: lengths.optional(),
    answer: lengths.optional(),
    like: z.enum(published).meta({ description: 'Arrivals and lengths drawn from the published statistics of a real trace' }).optional(),
    trace: z.string().meta({ description: 'A trace file, JSONL or CSV, gzip too: arrival, prompt tokens, answer tokens' }).optional(),
    sessions: sessions.optional(),
    maxAnswer: z.int().min(1).max(65_536).meta({ description: 'Longest answer asked for, in tokens' }).optional(),
    deadline: duration.optional(),
    phrases: z
      .int()
      .min(1)
      .max(100_000)
      .meta({ description: 'Prompts drawn from this many common ones; their lengths are their own' })
      .optional(),
    oblivious: obliviousLoad.optional(),
  })
  .refine((entry) => entry.until > entry.from, 'expected until to be after from')
  .refine(
    (entry) =>
      entry.trace !== undefined ||
      entry.sessions !== undefined ||
      (entry.rate !== undefined && (entry.like !== undefined || (entry.prompt !== undefined && entry.answer !== undefined))),
    'expected a trace, or sessions, or a rate with like, or a rate with prompt and answer lengths',
  )
