import { emit, respond } from '@infermesh/kernel'
import { Directory, type PeerEffect, type PeerInput, type PeerServices, Signer } from '@infermesh/protocol'
import { type PlantedBug, rewritten } from './bug.ts'

/** The same network under other lease rules, for one peer only. */
function withLease(services: PeerServices, change: (ttl: number) => number): PeerServices {
  const { genesis } = services.directory
  const { lease } = genesis.parameters
  const parameters = { ...genesis.parameters, lease: { ...lease, ttl: change(lease.ttl) } }
  return { ...services, directory: new Directory({ ...genesis, parameters }) }
}

/** Says yes wherever the machine says no. */
function grantsAnyone(services: PeerServices): (effects: readonly PeerEffect[], input: PeerInput, now: number) => readonly PeerEffect[] {
  const signer = new Signer(services.identity, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
  return (effects, input, now) =>
    effects.map((effect) => {
      if (effect.type !== 'respond' || effect.message.type !== 'LeaseDenied' || input.type !== 'request') return effect
      if (input.message.type !== 'AskLease' || effect.message.code === 'not-authorized') return effect
      const { model, epoch } = input.message
      const { ttl } = services.directory.genesis.parameters.lease
      const grant = signer.sign('leaseGrant', { model, holder: input.from, epoch, ttl, grantedAt: now }, now)
      return respond(effect.requestId, { type: 'LeaseGranted', grant: grant.bytes })
    })
}

export const leaseBugs: readonly PlantedBug[] = [
  {
    name: 'no-fencing',
    about: 'a grantor gives an epoch to whoever asks, whatever it promised before',
    roles: ['grantor'],
    breaks: ['I6', 'I14'],
    build: ({ make, services }) => rewritten(make(), { effects: grantsAnyone(services) }),
  },
  {
    name: 'short-promise',
    about: 'a grantor counts a lease as over long before its holder does',
    roles: ['grantor'],
    breaks: ['I14'],
    build: ({ make, services }) => make({ services: withLease(services, (ttl) => Math.round(ttl / 1_000)) }),
  },
  {
    name: 'long-lease',
    about: 'a holder counts its lease longer than the grantors do',
    roles: ['operator'],
    breaks: ['I14'],
    build: ({ make, services }) => make({ services: withLease(services, (ttl) => ttl * 8) }),
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
    about: 'a grantor hands its share of a key out without looking at the lease',
    roles: ['grantor'],
    breaks: ['I10'],
    build: ({ make }) => {
      let isAsked = false
      return rewritten(make(), {
        effects: (effects, input) => {
          const model = input.type === 'request' && input.message.type === 'AskLease' ? input.message.model : undefined
          if (model === undefined || input.type !== 'request' || isAsked) return effects
          isAsked = effects.some((effect) => effect.type === 'respond' && effect.message.type === 'LeaseDenied')
          if (!isAsked) return effects
          return [...effects, emit({ type: 'keyReleased', model, to: input.from, attested: true, delegated: true, leased: false } as const)]
        },
      })
    },
  },
]
