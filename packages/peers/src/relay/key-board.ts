import type { Millis } from '@infermesh/kernel'
import type { Envelope, MessageOf } from '@infermesh/protocol'

/** What gateways and issuers gossip of their keys, for clients to ask for here. The newest of each signer is kept. */
export class KeyBoard {
  readonly #keyConfigs = new Map<string, Envelope<'keyConfig'>>()
  readonly #tokenKeys = new Map<string, Envelope<'tokenKey'>>()

  hear(envelope: Envelope): void {
    if (envelope.type === 'keyConfig') keepNewest(this.#keyConfigs, envelope)
    if (envelope.type === 'tokenKey') keepNewest(this.#tokenKeys, envelope)
  }

  found(now: Millis): MessageOf<'KeysFound'> {
    const live = [...this.#keyConfigs.values()].filter(({ payload }) => now < payload.until)
    const selling = [...this.#tokenKeys.values()].filter(({ payload }) => now < payload.until)
    return {
      type: 'KeysFound',
      keyConfigs: live.slice(0, CONFIGS_MAX).map(({ bytes }) => bytes),
      tokenKeys: selling.slice(0, TOKEN_KEYS_MAX).map(({ bytes }) => bytes),
    }
  }
}

/** One entry for each member that may sign one: the genesis bounds the map. */
function keepNewest<K extends 'keyConfig' | 'tokenKey'>(known: Map<string, Envelope<K>>, envelope: Envelope<K>): void {
  const before = known.get(envelope.signer)
  if (before === undefined || before.seq < envelope.seq || before.at < envelope.at) known.set(envelope.signer, envelope)
}

const CONFIGS_MAX = 64
const TOKEN_KEYS_MAX = 8
