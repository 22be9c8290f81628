import { type Message, type MessageOf, openAs, type PeerEffect, type PeerServices, Signer } from '@infermesh/protocol'
import { AEAD, encodeKeyConfigs, obliviousOf } from '@infermesh/protocol/oblivious'
import { contextOf } from '../client/opened-request.ts'
import type { Trick, TrickParts } from './lie.ts'

/** Each sealed request goes out twice. The machine knows nothing of the second call, and of its answer. */
export const carryingTwice = (parts: TrickParts): Trick => callingTwice(parts, 'Sealed', 'a sealed request')

/** What was brought to the issuer is brought again. */
export const depositingTwice = (parts: TrickParts): Trick => callingTwice(parts, 'DepositTokens', 'tokens')

function callingTwice({ chance, told }: TrickParts, type: Message['type'], what: string): Trick {
  const twice = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'request' || effect.message.type !== type || !chance()) return [effect]
    return [effect, { ...effect, callId: `again/${effect.callId}` }, told(what)]
  }
  return { act: (effects) => effects.flatMap(twice) }
}

/** Clients are told of keys that are the relay's own: it could read all that is sealed to them. */
export function keySwapping({ services, chance, told }: TrickParts): Trick {
  const swapped = swapping(services)
  const changed = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'respond' || effect.message.type !== 'KeysFound' || effect.message.keyConfigs.length === 0 || !chance())
      return [effect]
    return [{ ...effect, message: swapped(effect.message) }, told('keys')]
  }
  return { act: (effects) => effects.flatMap(changed) }
}

function swapping(services: PeerServices): (found: MessageOf<'KeysFound'>) => MessageOf<'KeysFound'> {
  const { primitives, entropy } = obliviousOf(services)
  const { publicKey } = primitives.keyPair(entropy(32))
  const keys = encodeKeyConfigs([{ keyId: 0, publicKey, aeads: [AEAD.aes128Gcm] }])
  const context = contextOf(services)
  const signer = new Signer(services.identity, context)
  return (found) => ({
    ...found,
    keyConfigs: found.keyConfigs.map((raw) => {
      const { payload, at } = openAs('keyConfig', raw, context)
      return signer.sign('keyConfig', { ...payload, keys }, at).bytes
    }),
  })
}
