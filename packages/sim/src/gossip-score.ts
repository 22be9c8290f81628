import type { GossipSettings } from './gossip-settings.ts'

interface Blame {
  count: number
  at: number
}

/** Bounds the peers a world can hold, so that a pair fits one exact number. */
const PEERS_MAX = 2_097_152

/** What each peer thinks of those who sent it invalid messages. Only pairs with blame are stored. */
export class GossipScore {
  readonly #settings: GossipSettings
  readonly #blames = new Map<number, Blame>()

  constructor(settings: GossipSettings) {
    this.#settings = settings
  }

  blame(observer: number, sender: number, now: number): void {
    const count = this.#count(observer, sender, now) + 1
    this.#blames.set(observer * PEERS_MAX + sender, { count, at: now })
  }

  /** 0 for a peer without fault, below 0 otherwise. */
  score(observer: number, sender: number, now: number): number {
    if (this.#blames.size === 0) return 0
    const count = this.#count(observer, sender, now)
    return count === 0 ? 0 : this.#settings.invalidWeight * count * count
  }

  isGraylisted(observer: number, sender: number, now: number): boolean {
    return this.#blames.size > 0 && this.score(observer, sender, now) < this.#settings.graylist
  }

  /** A new life of the observer starts without memory. */
  forget(observer: number): void {
    for (const pair of this.#blames.keys()) if (Math.floor(pair / PEERS_MAX) === observer) this.#blames.delete(pair)
  }

  #count(observer: number, sender: number, now: number): number {
    const pair = observer * PEERS_MAX + sender
    const blame = this.#blames.get(pair)
    if (blame === undefined) return 0
    const count = blame.count * Math.exp((Math.log(this.#settings.invalidDecay) * (now - blame.at)) / 1000)
    if (count >= 0.1) return count
    this.#blames.delete(pair)
    return 0
  }
}
