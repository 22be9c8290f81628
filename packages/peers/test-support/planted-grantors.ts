import type { PeerEffect, PeerInput, PeerMachine, PeerServices } from '@infermesh/protocol'
import { Directory } from '@infermesh/protocol'
import { createGrantor } from '../src/grantor/grantor.ts'
import type { Replacement } from './private-world.ts'

/** Wrong grantors, to show that the properties would find them. Each stands in for a real one, by name. */
export type PlantedBug = 'skips the wait' | 'forgets its promises on restart' | 'checks the right at the first grant only'

/** Puts the wrong one in the place of every grantor. */
export const everyGrantor =
  (bug: PlantedBug): Replacement =>
  (name, machine, services) =>
    name.startsWith('grantor') ? plantedGrantor(bug, services) : machine

function plantedGrantor(bug: PlantedBug, services: PeerServices): PeerMachine {
  switch (bug) {
    case 'skips the wait': {
      const { genesis } = services.directory
      const { parameters } = genesis
      const hasty = new Directory({ ...genesis, parameters: { ...parameters, lease: { ...parameters.lease, ttl: 1, epsilon: 0 } } })
      return createGrantor({}, { ...services, directory: hasty })
    }
    case 'forgets its promises on restart':
      return changed(createGrantor({}, services), (input) =>
        input.type === 'started' ? { ...input, saved: withoutPromises(input.saved) } : input,
      )
    case 'checks the right at the first grant only':
      return deafAfterFirstGrant(createGrantor({}, services))
  }
}

const withoutPromises = (saved: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> =>
  new Map([...saved].filter(([key]) => !key.startsWith('grantor/promise/')))

const changed = (inner: PeerMachine, change: (input: PeerInput) => PeerInput): PeerMachine => ({
  handle: (input, now) => inner.handle(change(input), now),
})

/** Once it has granted anything, it hears of no revocation any more: a renewal is granted on the first look's strength. */
function deafAfterFirstGrant(inner: PeerMachine): PeerMachine {
  let hasGranted = false
  return {
    handle(input, now): readonly PeerEffect[] {
      if (hasGranted && input.type === 'gossip') return []
      const effects = inner.handle(input, now)
      hasGranted ||= effects.some((effect) => effect.type === 'respond' && effect.message.type === 'LeaseGranted')
      return effects
    },
  }
}
