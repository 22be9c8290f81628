import { z } from 'zod'

/** An operator's batching engine over paged KV memory. Absent fields take the serving package's defaults. */
export const engine = z.strictObject({
  profile: z.string().meta({ description: 'GPU and model whose step times and memory are used: a name, or a JSON file' }),
  blocks: z.int().min(1).max(10_000_000).meta({ description: 'KV blocks on the GPU; default what the profile says fits' }).optional(),
  blockSize: z.int().min(1).max(1024).meta({ description: 'Tokens in a block' }).optional(),
  policy: z.string().meta({ description: 'What becomes of idle conversations, such as lru, drop, hint or ttl:60' }).optional(),
  admission: z.string().meta({ description: 'open, or the share of memory that open sessions may take, such as 92%' }).optional(),
  tiers: z.array(z.string()).meta({ description: 'Memory below the GPU, such as host=8Mtok' }).optional(),
  stepTokens: z.int().min(1).meta({ description: 'Most new tokens in one step' }).optional(),
  sequences: z.int().min(1).max(4096).meta({ description: 'Most requests in one step' }).optional(),
})
export type EngineSettings = z.infer<typeof engine>
