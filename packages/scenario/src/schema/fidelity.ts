import { z } from 'zod'
import { peers } from './faults/terms.ts'

/** Which peers of a run in the `stack` world are whole libp2p hosts. Without it, all are. */
export const fidelity = z
  .strictObject({
    stack: peers,
    message: z.literal('rest').default('rest').meta({ description: 'All others, clients too' }),
  })
  .meta({
    description:
      'In the stack world: these peers and groups are on libp2p, all others are messages on modelled links, on one clock. The other worlds have one kind of peer, and take no notice',
  })
