import { z } from 'zod'

/** What a client machine answers to `submit`, one JSON object in each `CommandDone`. */
export const submitEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), requestId: z.string() }),
  z.object({ kind: z.literal('tokens'), from: z.number(), tokens: z.array(z.number()), text: z.string() }),
  z.object({ kind: z.literal('takenBack'), from: z.number() }),
  z.object({ kind: z.literal('receipt'), id: z.string() }),
  z.object({
    kind: z.literal('ended'),
    outcome: z.enum(['ok', 'failed', 'cancelled']),
    code: z.string().optional(),
    detail: z.string().optional(),
    finish: z.enum(['length', 'stop']).optional(),
    usage: z.object({ promptTokens: z.number(), answerTokens: z.number() }),
    receipts: z.array(z.string()),
  }),
])
export type SubmitEvent = z.infer<typeof submitEvent>

/** What a gateway answers to `models`. */
export const modelList = z.array(
  z.object({
    id: z.string(),
    visibility: z.enum(['public', 'private']),
    owner: z.string(),
    operators: z.array(z.string()),
    state: z.enum(['serving', 'waiting', 'offline']),
  }),
)
