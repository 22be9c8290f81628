import { type Millis, publish } from '@infermesh/kernel'
import { type PeerEffect, Signer } from '@infermesh/protocol'
import type { Trick, TrickParts } from './lie.ts'

/** Something every so often, as long as the lie is on; a trick that is off looks again later. */
function flooding(parts: TrickParts, flood: (now: Millis) => readonly PeerEffect[], act: Trick['act'] = (effects) => effects): Trick {
  const every = Math.max(1, Math.round(1_000 / parts.lie.perSecond))
  return {
    act,
    wake: (now, isOn) => (isOn ? [...flood(now), parts.sleep(every)] : parts.lie.from > now ? [parts.sleep(parts.lie.from - now)] : []),
  }
}

/** Votes of a peer that has no vote: every receiver refuses them and blames the sender. */
export function spam(parts: TrickParts): Trick {
  const { services, told } = parts
  const signer = new Signer(services.identity, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
  return flooding(parts, (now) => [publish('batches', signer.sign('vote', voteFor(now), now)), told('a vote')])
}

/** Votes under names that no genesis knows. */
export function sybils(parts: TrickParts): Trick {
  const { services, told, lie } = parts
  const context = { networkId: services.directory.genesis.networkId, crypto: services.crypto }
  const signers = (lie.masks ?? []).map((identity) => new Signer(identity, context))
  let turn = 0
  return flooding(parts, (now) => {
    const signer = signers[turn++ % Math.max(1, signers.length)]
    return signer === undefined ? [] : [publish('batches', signer.sign('vote', voteFor(now), now)), told('a vote')]
  })
}

const voteFor = (height: number) => ({ kind: 'prevote', height, round: 0, blockId: '00'.repeat(32), reveal: '00'.repeat(32) }) as const

const REMEMBERED = 64

/** Its own statements of earlier, word for word. */
export function replaying(parts: TrickParts): Trick {
  const old: Extract<PeerEffect, { readonly type: 'publish' }>[] = []
  const random = parts.services.random.fork('replays')
  const remember: Trick['act'] = (effects) => {
    for (const effect of effects) if (effect.type === 'publish') old.push(effect)
    if (old.length > REMEMBERED) old.splice(0, old.length - REMEMBERED)
    return effects
  }
  const again = (): readonly PeerEffect[] => {
    const effect = old[random.below(Math.max(1, old.length))]
    return effect === undefined ? [] : [effect, parts.told(`a ${effect.envelope.type}`)]
  }
  return flooding(parts, again, remember)
}
