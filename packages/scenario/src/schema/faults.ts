import { z } from 'zod'
import { duration, peerName } from './quantities.ts'

const at = duration.meta({ description: 'When it starts, from the start of the run' })

/** One fault: when, what, to whom. The key that is not `at` or an option names its kind. */
export const fault = z.union([
  z.strictObject({ at, crash: peerName }),
  z.strictObject({ at, restart: peerName }),
  z.strictObject({ at, pause: peerName, for: duration.optional() }),
  z.strictObject({ at, resume: peerName }),
])

export type Fault = z.infer<typeof fault>
export const faultKinds = ['crash', 'restart', 'pause', 'resume'] as const
export type FaultKind = (typeof faultKinds)[number]
