import { Directory, type Parameters, type PeerServices } from '@infermesh/protocol'
import { type PlantedBug, rewritten } from './bug.ts'
import { againToFormerHolders, grantsAnyone } from './grant-parts.ts'
import { asksTooSoon, openVault } from './key-parts.ts'

type Lease = Parameters['lease']

/** The same network under other lease rules, for one peer only. */
function withLease(services: PeerServices, change: (lease: Lease) => Partial<Lease>): PeerServices {
  const { genesis } = services.directory
  const { lease } = genesis.parameters
  const parameters = { ...genesis.parameters, lease: { ...lease, ...change(lease) } }
  return { ...services, directory: new Directory({ ...genesis, parameters }) }
}

export const leaseBugs: readonly PlantedBug[] = [
  {
    name: 'epoch-for-anyone',
    about: 'a grantor gives an epoch to whoever asks, whatever it promised before',
    roles: ['grantor'],
    breaks: ['I6', 'I14'],
    build: ({ make, services }) => rewritten(make(), { effects: grantsAnyone(services) }),
  },
  {
    name: 'stale-heartbeat-accepted',
    about: 'a grantor renews a lease for the heartbeat of a holder whose epoch is over',
    roles: ['grantor'],
    breaks: ['I6', 'I14'],
    build: ({ make, services }) => rewritten(make(), { effects: againToFormerHolders(services) }),
  },
  {
    name: 'short-promise',
    about: 'a grantor counts a lease as over long before its holder does',
    roles: ['grantor'],
    breaks: ['I14'],
    build: ({ make, services }) => make({ services: withLease(services, ({ ttl }) => ({ ttl: Math.round(ttl / 1_000) })) }),
  },
  {
    name: 'long-lease',
    about: 'a holder counts its lease longer than the grantors do',
    roles: ['operator'],
    breaks: ['I14'],
    besides: ['L3'],
    ground: 'hunting-leases',
    build: ({ make, services }) => make({ services: withLease(services, ({ ttl }) => ({ ttl: ttl * 8 })) }),
  },
  {
    name: 'drift-forgotten',
    about: 'holders and grantors count a lease by their own clocks, as if these ran alike',
    roles: ['operator', 'grantor'],
    breaks: ['I14'],
    ground: 'hunting-leases',
    build: ({ make, services }) => make({ services: withLease(services, () => ({ driftPpm: 0, epsilon: 0 })) }),
  },
  {
    name: 'takeover-never-begins',
    about: 'a standby notices that the holder is gone and asks nobody',
    roles: ['operator'],
    breaks: ['L3'],
    build: ({ make }) => {
      let hasStarted = false
      return rewritten(make(), {
        effects: (effects) => {
          if (effects.some((effect) => effect.type === 'emit' && effect.event.type === 'takeoverStarted')) hasStarted = true
          return hasStarted ? effects.filter((effect) => effect.type !== 'request' || effect.message.type !== 'AskLease') : effects
        },
      })
    },
  },
  {
    name: 'key-for-anyone',
    about: 'a standby asks for the key together with the lease, and a grantor gives its share without looking at the lease',
    roles: ['operator', 'grantor'],
    breaks: ['I10'],
    build: (builder) => (builder.role === 'grantor' ? openVault(builder) : asksTooSoon(builder)),
  },
]
