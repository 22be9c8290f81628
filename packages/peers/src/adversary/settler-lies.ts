import { publish } from '@infermesh/kernel'
import { asciiBytes, digestOf, type PeerEffect } from '@infermesh/protocol'
import type { Trick, TrickParts } from './lie.ts'
import { Restated } from './restated.ts'

/** A second vote for a block that nobody proposed, at the same height and round. */
export function doubleVoting({ services, chance, told }: TrickParts): Trick {
  const { hash } = services.crypto
  const votes = new Restated(services, 'vote', (payload) =>
    chance()
      ? { ...payload, blockId: digestOf(hash, asciiBytes(`other ${payload.height} ${payload.round} ${payload.blockId}`)) }
      : undefined,
  )
  const changed = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'publish' || effect.envelope.type !== 'vote') return [effect]
    const second = votes.of(effect.envelope)
    return second?.isNew === true ? [effect, publish('batches', second.envelope), told('a second vote')] : [effect]
  }
  return { act: (effects) => effects.flatMap(changed) }
}

/** The settler leaves the victims out by its own configuration; this counts the blocks in which it does. */
export function censorship({ lie, told }: TrickParts): Trick {
  const waiting = new Set<string>()
  return {
    hear: (input) => {
      if (input.type !== 'gossip') return
      const { envelope } = input
      if (envelope.type === 'receipt' && lie.victims.includes(envelope.signer)) waiting.add(envelope.id)
      if (envelope.type === 'checkpoint') for (const entry of envelope.payload.block.entries) waiting.delete(entry)
    },
    act: (effects) =>
      effects.flatMap((effect) => {
        if (effect.type !== 'publish' || effect.envelope.type !== 'proposal' || waiting.size === 0) return [effect]
        return [effect, told(`${waiting.size} receipts left out`)]
      }),
  }
}
