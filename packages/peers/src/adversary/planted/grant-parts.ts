import { respond } from '@infermesh/kernel'
import { type PeerEffect, type PeerInput, type PeerServices, Signer } from '@infermesh/protocol'

type Change = (effects: readonly PeerEffect[], input: PeerInput, now: number) => readonly PeerEffect[]

interface Denied {
  readonly model: string
  readonly holder: string
  readonly epoch: number
  readonly code: string
}

/** Turns a grantor's no into a yes where `isFine` says so. */
function instead(services: PeerServices, isFine: (denied: Denied) => boolean): Change {
  const signer = new Signer(services.identity, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
  const { ttl } = services.directory.genesis.parameters.lease
  return (effects, input, now) =>
    effects.map((effect) => {
      if (effect.type !== 'respond' || effect.message.type !== 'LeaseDenied') return effect
      if (input.type !== 'request' || input.message.type !== 'AskLease') return effect
      const { model, epoch } = input.message
      if (!isFine({ model, holder: input.from, epoch, code: effect.message.code })) return effect
      const grant = signer.sign('leaseGrant', { model, holder: input.from, epoch, ttl, grantedAt: now }, now)
      return respond(effect.requestId, { type: 'LeaseGranted', grant: grant.bytes })
    })
}

/** Whoever has the right may have any epoch at any time. */
export const grantsAnyone = (services: PeerServices): Change => instead(services, ({ code }) => code !== 'not-authorized')

/** An epoch that a holder once had stays its own. */
export function againToFormerHolders(services: PeerServices): Change {
  const given = new Set<string>()
  const keyOf = ({ model, holder, epoch }: Pick<Denied, 'model' | 'holder' | 'epoch'>): string => `${model} ${epoch} ${holder}`
  const change = instead(services, (denied) => denied.code === 'stale-epoch' && given.has(keyOf(denied)))
  return (effects, input, now) => {
    const isGrant = effects.some((effect) => effect.type === 'respond' && effect.message.type === 'LeaseGranted')
    if (isGrant && input.type === 'request' && input.message.type === 'AskLease') given.add(keyOf({ ...input.message, holder: input.from }))
    return change(effects, input, now)
  }
}
