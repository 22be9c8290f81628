import { z } from 'zod'
import { engine } from './engine.ts'
import { obliviousGateway, relayDelay } from './oblivious.ts'
import { duration } from './quantities.ts'

export const roles = ['gateway', 'relay', 'operator', 'hub', 'verifier', 'settler', 'grantor', 'issuer'] as const

const count = z.int().min(1).max(100_000)

/** A group of peers. The key is its name; where no `role` is given, the key itself is the role. Members are named `<group>-<n>` from 0. */
export const peerGroup = z.union([
  count.transform((number) => ({ count: number })),
  z.strictObject({
    role: z.enum(roles).optional(),
    count: count.optional(),
    profile: z.string().meta({ description: 'Speed profile of an operator or verifier' }).optional(),
    slots: z.int().min(1).max(4096).meta({ description: 'Requests an operator works on at once' }).optional(),
    engine: engine.meta({ description: 'An operator whose requests share one GPU, instead of slots' }).optional(),
    routing: z
      .enum(['power-of-two', 'least-loaded', 'uniform', 'sticky', 'prefix'])
      .meta({ description: 'How a gateway chooses among operators' })
      .optional(),
    oblivious: obliviousGateway.meta({ description: 'How a gateway answers sealed requests' }).optional(),
    answerDelay: duration.meta({ description: 'Mean of the delay of a whole answer at a relay' }).optional(),
    delay: relayDelay.meta({ description: 'How a relay keeps requests back' }).optional(),
  }),
])
