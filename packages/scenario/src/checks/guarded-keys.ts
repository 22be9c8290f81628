import type { Millis } from '@infermesh/kernel'
import { CALM_EVENTS, Calm } from './calm.ts'
import { type CheckFactory, checkOver } from './check.ts'
import { CLOCK_EVENTS, ClockTrust } from './clock-trust.ts'

interface Released {
  readonly model: string
  readonly by: string
  readonly to: string
  readonly at: Millis
}

/** A revocation has reached every grantor this long after it was said, in a network that is well. */
const REVOKED_WITHIN: Millis = 15_000

/** What whoever gives a key away found true counts for nothing against what the owner and the holders said themselves. */
export const guardedKeys: CheckFactory = ({ directory }) => {
  const { lease } = directory.genesis.parameters
  const leased = new Map<string, Millis>()
  const delegated = new Set<string>()
  const revoked = new Map<string, Millis>()
  const clocks = new ClockTrust(lease)
  const calm = new Calm(directory)
  const keyOf = (model: string, peer: string): string => `${model} ${peer}`
  const faultOf = ({ model, by, to, at }: Released): string | undefined => {
    const right = keyOf(model, to)
    if (!delegated.has(right)) return 'delegated'
    const calmSince = calm.since() ?? at
    if (at > Math.max(revoked.get(right) ?? at, calmSince) + REVOKED_WITHIN) return 'delegated any more'
    // The owner gives the whole key to hot standbys while it holds the lease itself; grantors give shares to the holder.
    const holder = keyOf(model, directory.named(by)?.role === 'grantor' ? to : by)
    const heldUntil = (leased.get(holder) ?? Number.NEGATIVE_INFINITY) + 2 * (lease.ttl + lease.epsilon)
    return clocks.holds(at) && at > heldUntil ? 'leased' : undefined
  }
  return checkOver([...CALM_EVENTS, ...CLOCK_EVENTS, 'leaseAcquired', 'leaseRenewed', 'delegated', 'revoked', 'keyReleased'], {
    name: 'I10',
    title: "a private model's key is released only to attested, delegated and leased peers",
    observe(record) {
      const { event, peer, at } = record
      calm.observe(record)
      clocks.observe(record)
      switch (event.type) {
        case 'leaseAcquired':
        case 'leaseRenewed':
          leased.set(keyOf(event.model, peer), at)
          return undefined
        case 'delegated':
          delegated.add(keyOf(event.model, directory.nameOf(event.standby)))
          revoked.delete(keyOf(event.model, directory.nameOf(event.standby)))
          return undefined
        case 'revoked':
          revoked.set(keyOf(event.model, directory.nameOf(event.standby)), at)
          return undefined
        case 'keyReleased': {
          const to = directory.nameOf(event.to)
          const missing = (['attested', 'delegated', 'leased'] as const).find((right) => !event[right])
          const fault = missing ?? faultOf({ model: event.model, by: peer, to, at })
          return fault === undefined ? undefined : `${peer} released the key of ${event.model} to ${to}, which is not ${fault}`
        }
        default:
          return undefined
      }
    },
  })
}
