import type { Millis } from '@infermesh/kernel'
import { z } from 'zod'
import { duration, peerName } from '../quantities.ts'

/** What every fault may say beside its kind. */
export const when = {
  at: duration.meta({ description: 'When it starts, from the start of the run' }),
  for: duration
    .meta({
      description:
        'How long it lasts. Without it, the fault is healed one second after the last load and the last fault have begun, so that a run shows whether the network recovers',
    })
    .optional(),
  lasting: z.literal(true).meta({ description: 'It is never healed: the run ends with it' }).optional(),
}

/** A fault that happens at one instant and is its own end. */
export const instant = { at: when.at }

/** A peer, a whole group, or a list of both. */
export const peers = z
  .union([peerName, z.array(peerName).min(1)])
  .transform((chosen) => (typeof chosen === 'string' ? [chosen] : chosen))
  .meta({ description: 'A peer (owner-0), a group (owner: all its members), or a list of them' })

/** Which links. */
export const links = {
  on: z
    .union([peerName, z.tuple([peers, peers])])
    .meta({ description: 'One peer or group: all its links. Two: the links between them. Absent: every link' })
    .optional(),
  oneWay: z.literal(true).meta({ description: 'With two: only what the first sends to the second' }).optional(),
}

export const signedDuration = z
  .string()
  .regex(/^[+-]?\d+(\.\d+)?(ms|s|m|h)$/, 'expected a duration with an optional sign such as 5s or -300ms')
  .transform((text): Millis => {
    const [, sign = '', size = '0ms'] = /^([+-]?)(.+)$/.exec(text) ?? []
    return (sign === '-' ? -1 : 1) * duration.parse(size)
  })

/** How much faster a clock runs, in parts per million. */
export const drift = z
  .string()
  .regex(/^[+-]?\d+(\.\d+)?ppm$/, 'expected a drift such as 200ppm or -500ppm')
  .transform((text) => Number(text.slice(0, -3)))
