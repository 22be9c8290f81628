import { type Millis, request, setTimer } from '@infermesh/kernel'
import { DecodeFailed, type Envelope, type MessageOf, openAs, type PeerEffect, type PeerServices } from '@infermesh/protocol'
import { contextOf } from '../../client/opened-request.ts'

export const SEARCH_KEY = 'oblivious/issuers'
export const SEARCH_PREFIX = 'oblivious/issuers/'

/** Asks relays, one after the other, for the keys of issuers: who starts anew would not hear of them before the next announcement. */
export class IssuerSearch {
  readonly #services: PeerServices
  #calls = 0

  constructor(services: PeerServices) {
    this.#services = services
  }

  ask(): PeerEffect[] {
    const relays = this.#services.directory.all('relay')
    const relay = relays[this.#calls % Math.max(1, relays.length)]
    if (relay === undefined) return []
    const callId = `${SEARCH_PREFIX}${this.#calls++}`
    const call = { callId, to: relay.peerId, stream: 'oblivious', message: { type: 'FetchKeys' }, timeout: ASK_AGAIN } as const
    return [request(call), setTimer(SEARCH_KEY, ASK_AGAIN)]
  }

  /** Those that are signed by whom they say. */
  found({ tokenKeys }: MessageOf<'KeysFound'>): readonly Envelope<'tokenKey'>[] {
    return tokenKeys.flatMap((raw) => {
      try {
        return [openAs('tokenKey', raw, contextOf(this.#services))]
      } catch (failure) {
        if (failure instanceof DecodeFailed) return []
        throw failure
      }
    })
  }
}

const ASK_AGAIN: Millis = 1_000
