import { type Millis, type PeerId, publish, request } from '@infermesh/kernel'
import type { Envelope, Message, PeerEffect, PeerServices, TokenOrder } from '@infermesh/protocol'
import { balanceOf, commit, createLedger, type Ledger, settlersOf } from '@infermesh/protocol/ledger'
import { contextOf } from '../client/opened-request.ts'
import { ChainFollower, type Followed } from '../settler/chain-follower.ts'

const SYNC_PREFIX = 'sync/'
const SUBMIT_PREFIX = 'submit/'
const SUBMIT_WITHIN: Millis = 5_000

/** Statements that went into the log since the last look. */
export interface Read {
  readonly effects: PeerEffect[]
  readonly logged: readonly string[]
}

/** The issuer's line to the log: it reads what is final, and brings there what moves coins. */
export class LogLine {
  /** Whether there is a log at all: a network without settlers knows no coins. */
  readonly isOpen: boolean
  readonly #settlers: readonly PeerId[]
  readonly #ledger: Ledger
  readonly #follower: ChainFollower
  #submissions = 0

  constructor(services: PeerServices) {
    this.#settlers = settlersOf(services.directory)
    this.isOpen = this.#settlers.length > 0
    this.#ledger = createLedger(services.directory, contextOf(services))
    const first = services.random.fork('follow').below(Math.max(1, this.#settlers.length))
    this.#follower = new ChainFollower({ sources: this.#settlers, prefix: SYNC_PREFIX }, this.#ledger, { lookup: () => undefined, first })
  }

  owns(callIdOrKey: string): boolean {
    return callIdOrKey.startsWith(SUBMIT_PREFIX) || this.#follower.owns(callIdOrKey)
  }

  has(entry: string): boolean {
    return this.#ledger.store.get('entry', entry) !== undefined
  }

  /** Coins of a peer after the last final block. */
  balance(peer: PeerId): number {
    return balanceOf(this.#ledger.store, peer)
  }

  /** Told to all settlers, which may fail to reach any. */
  tell(entry: Envelope<'tokenOrder' | 'tokenPayout'>): PeerEffect[] {
    return this.isOpen ? [publish('receipts', entry)] : []
  }

  /** Gossip drops what it has carried before, so what it lost goes to a settler directly, and to another one each time. */
  bring(entry: Envelope<'tokenOrder' | 'tokenPayout'>): PeerEffect[] {
    const turn = this.#submissions++
    const to = this.#settlers[turn % Math.max(1, this.#settlers.length)]
    if (to === undefined) return []
    const message = { type: 'SubmitEntry', entry: entry.bytes } as const
    return [request({ callId: `${SUBMIT_PREFIX}${turn}`, to, stream: 'fetch', message, timeout: SUBMIT_WITHIN })]
  }

  poll(): PeerEffect[] {
    return this.isOpen ? this.#follower.poll().effects : []
  }

  onCheckpoint(checkpoint: Envelope<'checkpoint'>): Read {
    return this.#read(this.#follower.offer(checkpoint))
  }

  /** Whether a settler took what it was brought does not matter: only the log does. */
  onResponse(callId: string, message: Message): Read {
    return this.#follower.owns(callId) ? this.#read(this.#follower.onResponse(callId, message)) : NOTHING
  }

  onFailed(callId: string): Read {
    return this.#follower.owns(callId) ? this.#read(this.#follower.onFailed(callId)) : NOTHING
  }

  onTimer(): Read {
    return this.#read(this.#follower.onTimer())
  }

  #read(followed: Followed): Read {
    const effects = [...followed.effects]
    const logged: string[] = []
    for (let { arrived } = followed; arrived !== undefined; ) {
      commit(this.#ledger, arrived.step)
      logged.push(...arrived.step.block.entries)
      const next = this.#follower.next()
      effects.push(...next.effects)
      arrived = next.arrived
    }
    return { effects, logged }
  }
}

/** Coins that an order moves. */
export const priceOf = ({ count, worth }: Pick<TokenOrder, 'count' | 'worth'>): number => count * worth

const NOTHING: Read = { effects: [], logged: [] }
