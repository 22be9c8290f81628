import type { Millis } from '@infermesh/kernel'

/** By model: the standbys that could take over, and since when. */
export class ReadyStandbys {
  readonly #since = new Map<string, Map<string, Millis>>()

  add(model: string, peer: string, at: Millis): void {
    const known = this.#since.get(model) ?? new Map<string, Millis>()
    this.#since.set(model, known)
    if (!known.has(peer)) known.set(peer, at)
  }

  revoke(model: string, peer: string): void {
    this.#since.get(model)?.delete(peer)
  }

  /** One that died learns what it may do anew before it counts again. */
  die(peer: string): void {
    for (const known of this.#since.values()) known.delete(peer)
  }

  /** Since when one of them could; never (infinity) without any. */
  earliest(model: string, counts: (peer: string) => boolean): Millis {
    const ready = [...(this.#since.get(model) ?? [])].filter(([peer]) => counts(peer))
    return Math.min(...ready.map(([, since]) => since))
  }
}
