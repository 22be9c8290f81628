import { z } from 'zod'
import { peerName } from './quantities.ts'

export const temperature = z.enum(['cold', 'warm', 'hot'])

/** `standby-0`, or `standby-0: hot`. Listed in order of priority. */
const standby = z.union([
  peerName.transform((peer) => ({ peer, temperature: 'warm' as const })),
  z
    .record(peerName, temperature)
    .refine((entry) => Object.keys(entry).length === 1, 'expected one standby, such as standby-0: hot')
    .transform((entry) => {
      const [[peer, heat] = ['', 'warm' as const]] = Object.entries(entry)
      return { peer, temperature: heat }
    }),
])

const weights = z.strictObject({
  bytes: z
    .int()
    .min(16)
    .max(64 * 1024 * 1024),
  seed: z.string().optional(),
})

const price = z
  .strictObject({ prompt: z.int().min(0), answer: z.int().min(0) })
  .meta({ description: 'Integer coins for a million prompt tokens and a million answer tokens' })

const verify = z.enum(['signature', 'attestation', 're-execution'])

export const modelName = z
  .string()
  .regex(/^[a-z0-9-]+\/[a-z0-9.-]+@\d+\.\d+$/, 'expected owner/name@major.minor, such as acme/contract-risk@1.0')

export const model = z
  .strictObject({
    private: z.strictObject({ owner: peerName, standbys: z.array(standby).default([]) }).optional(),
    public: z
      .strictObject({
        operators: z.array(peerName).min(1).meta({ description: 'Peers or whole groups that serve it; the first one publishes it' }),
      })
      .optional(),
    weights: weights.optional(),
    onnx: z.string().meta({ description: 'A model that is really run: risk-classifier, clause-writer, or an .onnx file' }).optional(),
    openai: z
      .strictObject({ url: z.url(), model: z.string().min(1).max(200) })
      .meta({ description: 'An OpenAI-compatible server that answers for this model, and its name there' })
      .optional(),
    price: price.optional(),
    verify: verify.optional(),
  })
  .refine((entry) => entry.onnx === undefined || entry.openai === undefined, 'expected onnx or openai, not both')
  .refine(
    (entry) => entry.private === undefined || (entry.onnx === undefined && entry.openai === undefined),
    'expected a public model where onnx or openai answers',
  )
  .refine((entry) => (entry.private === undefined) !== (entry.public === undefined), 'expected either private or public')
