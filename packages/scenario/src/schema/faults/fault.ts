import { z } from 'zod'
import { modelName } from '../models.ts'
import { bandwidth, duration, lengths, percent, rate } from '../quantities.ts'
import { lie } from './lie.ts'
import { drift, instant, links, peers, signedDuration, when } from './terms.ts'

const crash = z.strictObject({
  ...when,
  crash: peers,
  afterEffects: z
    .int()
    .min(1)
    .meta({ description: 'Not at once, but after so many more effects: between two of one list, mostly' })
    .optional(),
})

const restart = z.strictObject({
  ...instant,
  restart: peers,
  wipe: z.literal(true).meta({ description: 'With an empty disk, as a machine that was replaced' }).optional(),
})

const partition = z.strictObject({
  ...when,
  partition: z.array(peers).min(1).meta({ description: 'Groups that cannot reach each other. Peers in none of them form one more' }),
  oneWay: z.literal(true).meta({ description: 'Only what the first group sends is lost; what it should hear arrives' }).optional(),
  mode: z.enum(['jam', 'cut']).meta({ description: 'jam: connections stay open and silent; cut: they break' }).default('jam'),
})

const delay = z.strictObject({ ...when, ...links, delay: duration, jitter: duration.optional() })
const jitter = z.strictObject({ ...when, ...links, jitter: duration })

const loss = z.strictObject({
  ...when,
  ...links,
  loss: percent.meta({
    description: 'Share of messages. A stream loses nothing: there it is the time until a retransmission gets through',
  }),
  burst: z.number().min(1).meta({ description: 'Messages lost in a row, on average (Gilbert-Elliott)' }).optional(),
})

const held = { within: duration.prefault('50ms') }
const reorder = z.strictObject({ ...when, ...links, ...held, reorder: percent })
const duplicate = z.strictObject({ ...when, ...links, ...held, duplicate: percent })
const reset = z.strictObject({ ...when, ...links, reset: percent.meta({ description: 'Chance of each message to break its connection' }) })
const line = z.strictObject({ ...when, bandwidth, on: peers })

const clock = z
  .strictObject({
    ...when,
    clock: peers,
    offset: signedDuration
      .meta({ description: 'Its jump, forward or back. Time never goes back: a clock set back stands still' })
      .optional(),
    drift: drift.meta({ description: 'How much faster or slower it runs from then on' }).optional(),
  })
  .refine((entry) => entry.offset !== undefined || entry.drift !== undefined, 'expected an offset, a drift or both')

const disk = z
  .strictObject({
    ...when,
    disk: z.enum(['full', 'slow', 'torn', 'lossy']).meta({
      description:
        'full: the next save ends the peer. slow: each save takes `by`. torn: the next save is cut in two by a crash. lossy: a crash loses what was saved since',
    }),
    on: peers,
    by: duration.optional(),
  })
  .refine((entry) => (entry.disk === 'slow') === (entry.by !== undefined), 'expected `by` with a slow disk, and with no other')

const churn = z.strictObject({
  ...when,
  churn: peers,
  rate: rate.meta({ description: 'Crashes among all of them together, at random moments' }),
  down: duration.meta({ description: 'How long each is gone' }).prefault('5s'),
})

const overload = z.strictObject({
  ...when,
  overload: modelName.meta({ description: 'A model that has a load entry; its clients ask for more' }),
  rate,
  prompt: lengths.optional(),
  answer: lengths.optional(),
})

const shapes = {
  crash,
  restart,
  pause: z.strictObject({ ...when, pause: peers }),
  resume: z.strictObject({ ...instant, resume: peers }),
  partition,
  delay,
  jitter,
  loss,
  reorder,
  duplicate,
  reset,
  bandwidth: line,
  clock,
  disk,
  churn,
  overload,
  lie,
} as const

export type FaultKind = keyof typeof shapes

/** In the order of the union's branches. Where two kinds share a key, the one that is named first wins. */
export const faultKinds = Object.keys(shapes) as readonly FaultKind[]

/** One fault: when, what, to whom. The key that is not a time or an option names its kind. */
export const fault = z.union([
  shapes.crash,
  shapes.restart,
  shapes.pause,
  shapes.resume,
  shapes.partition,
  shapes.delay,
  shapes.jitter,
  shapes.loss,
  shapes.reorder,
  shapes.duplicate,
  shapes.reset,
  shapes.bandwidth,
  shapes.clock,
  shapes.disk,
  shapes.churn,
  shapes.overload,
  shapes.lie,
])

export type FaultEntry = z.output<typeof fault>

/** The kind of a fault as it was written, well formed or not. */
export const writtenKind = (value: unknown): FaultKind | undefined =>
  typeof value === 'object' && value !== null ? faultKinds.find((kind) => Object.hasOwn(value, kind)) : undefined
