import { DEFAULT_BUCKETS, type PaddingPolicy } from '@infermesh/protocol/oblivious'
import { z } from 'zod'
import { duration, rate } from './quantities.ts'

const bytes = z.int().min(1).max(1_048_576)
const rising = z
  .array(z.int().min(1))
  .min(1)
  .refine((sizes) => sizes.every((size, index) => index === 0 || size > (sizes[index - 1] ?? 0)), 'expected sizes in rising order')

const NAMED: Readonly<Record<'none' | 'padme' | 'power-of-two' | 'buckets', PaddingPolicy>> = {
  none: { kind: 'none' },
  padme: { kind: 'padme' },
  'power-of-two': { kind: 'powerOfTwo' },
  buckets: DEFAULT_BUCKETS,
}

/** How a length is hidden before sealing. */
export const padding = z
  .union([
    z.enum(['none', 'padme', 'power-of-two', 'buckets']).transform((name): PaddingPolicy => NAMED[name]),
    z.strictObject({ multiple: bytes }).transform(({ multiple }): PaddingPolicy => ({ kind: 'multiple', of: multiple })),
    z.strictObject({ fixed: bytes }).transform(({ fixed }): PaddingPolicy => ({ kind: 'fixed', size: fixed })),
    z.strictObject({ buckets: rising }).transform(({ buckets }): PaddingPolicy => ({ kind: 'buckets', sizes: buckets })),
  ])
  .meta({ description: 'none, padme, power-of-two, buckets (1 to 64 KiB), or multiple, fixed or buckets in bytes' })

/** Requests for nothing. */
const cover = z
  .union([
    rate.transform((every) => ({ kind: 'additive' as const, rate: every })),
    z.strictObject({ additive: rate }).transform(({ additive }) => ({ kind: 'additive' as const, rate: additive })),
    z.strictObject({ substituting: rate }).transform(({ substituting }) => ({ kind: 'substituting' as const, rate: substituting })),
  ])
  .meta({ description: 'Requests for nothing from each client: additive beside the real ones, or substituting, which real ones replace' })

const choice = z.enum(['uniform', 'sticky'])

/** How the clients of a load ask, when they ask sealed, through relays. */
export const obliviousLoad = z
  .strictObject({
    padding: padding.optional(),
    salted: z.boolean().meta({ description: 'Salts prompts, so that their hashes in receipts cannot be guessed' }).optional(),
    tokens: z.int().min(1).max(64).meta({ description: 'Pays with blind tokens, bought in lots of this many' }).optional(),
    relays: choice.meta({ description: 'A relay drawn for each request, or one that is kept' }).optional(),
    gateways: choice.optional(),
    cover: cover.optional(),
  })
  .meta({ description: 'Requests go sealed, through relays' })

/** How a gateway answers what comes sealed. */
export const obliviousGateway = z.strictObject({
  answers: z
    .union([
      z.literal('events').transform(() => ({ kind: 'events' as const })),
      z.strictObject({ whole: padding }).transform(({ whole }) => ({ kind: 'whole' as const, padding: whole })),
      z
        .strictObject({ slots: z.strictObject({ bytes: z.int().min(16).max(16_384), every: duration, classes: rising }) })
        .transform(({ slots }) => ({ kind: 'slots' as const, ...slots })),
    ])
    .meta({ description: 'Each piece as it comes, all at the end and padded, or slots of one size at a fixed pace up to a length class' })
    .optional(),
  payment: z
    .enum(['account', 'tokens'])
    .meta({ description: 'The relay owes the exact cost, or blind tokens pay under the seal' })
    .optional(),
  keyLife: duration.optional(),
})

/** How a relay keeps requests back. */
export const relayDelay = z
  .union([
    z.literal('none').transform(() => ({ kind: 'none' as const })),
    z.strictObject({ exponential: duration }).transform(({ exponential }) => ({ kind: 'exponential' as const, mean: exponential })),
    z.strictObject({ timed: duration }).transform(({ timed }) => ({ kind: 'timed' as const, every: timed })),
    z
      .strictObject({ threshold: z.strictObject({ count: z.int().min(1), longest: duration }) })
      .transform(({ threshold }) => ({ kind: 'threshold' as const, ...threshold })),
    z
      .strictObject({ pool: z.strictObject({ kept: z.int().min(0), flushed: z.int().min(1), longest: duration }) })
      .transform(({ pool }) => ({ kind: 'pool' as const, ...pool })),
  ])
  .meta({ description: 'none, exponential, timed, threshold or pool' })

export type ObliviousLoad = z.output<typeof obliviousLoad>
export type ObliviousGatewaySettings = z.output<typeof obliviousGateway>
export type RelayDelay = z.output<typeof relayDelay>
