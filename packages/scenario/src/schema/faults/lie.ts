import { type LieKind, lieKinds } from '@infermesh/peers'
import { z } from 'zod'
import { duration, percent, rate } from '../quantities.ts'
import { peers, when } from './terms.ts'

/** A lie, and who tells it. It begins with the run unless `at` says otherwise. */
export const lie = z.strictObject({
  ...when,
  at: when.at.prefault('0s'),
  lie: z.enum(lieKinds as readonly [LieKind, ...LieKind[]]),
  by: peers,
  share: percent.meta({ description: 'How often it lies, of all chances; always unless told' }).optional(),
  victim: peers.meta({ description: 'Whom it censors, accuses, protects or surrounds' }).optional(),
  late: duration.meta({ description: 'How late delayed receipts are; 10s unless told' }).optional(),
  rate: rate.meta({ description: 'Of spam, replays and sybils; 10/s unless told' }).optional(),
})
