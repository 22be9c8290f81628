import type { Millis, PeerId } from '@infermesh/kernel'
import { BREAK, DROP, type Transit } from '@infermesh/sim'
import type { TrueTime } from './link-control.ts'
import type { Shaping } from './shaping.ts'

/** Instead of a departure time: not before a rule goes. */
export const HELD = Number.POSITIVE_INFINITY

/** The way from a host to one peer, for its streams, its gossip and its dials. */
export class PeerLink {
  readonly clock: TrueTime
  readonly #shaping: Shaping
  readonly #peer: PeerId

  constructor(shaping: Shaping, peer: PeerId) {
    this.clock = shaping.init.clock
    this.#shaping = shaping
    this.#peer = peer
  }

  isPlain(): boolean {
    return this.#shaping.isPlain()
  }

  hasRules(): boolean {
    return !this.#shaping.rules.isEmpty()
  }

  /** Of the rules; what was held under another one may be judged again. */
  version(): number {
    return this.#shaping.version
  }

  /** Extra delay in ms, or one of sim's `DROP` and `BREAK`. */
  judge(channel: Transit['channel'], bytes: number): number {
    const { rules, init } = this.#shaping
    if (rules.isEmpty()) return 0
    const now = Math.floor(init.clock.now())
    return rules.judge({ from: init.self, to: this.#peer, channel, bytes, now, random: rules.random })
  }

  /** After how long a second copy of what was just judged follows, or 0. */
  copyAfter(): Millis {
    return this.#shaping.rules.copyAfter
  }

  /** When bytes of a stream may leave so that they arrive in time: 0 for at once, or `HELD`. */
  departure(bytes: number): number {
    if (this.isPlain()) return 0
    const extra = this.judge('stream', bytes)
    if (extra === DROP) return HELD
    if (extra === BREAK && this.sever('a fault broke the connection')) return HELD
    return this.admitted(bytes) + Math.max(extra, 0)
  }

  /** The same for what the rules have let through. */
  admitted(bytes: number): number {
    if (this.isPlain()) return 0
    const { up, latency } = this.#shaping
    const now = this.clock.now()
    return now + up.occupy(bytes, now) + (latency?.(this.#peer) ?? 0)
  }

  /** What a handshake takes: there and back. */
  roundTrip(): Millis {
    const { latency } = this.#shaping
    return latency === undefined ? 0 : latency(this.#peer) + latency(this.#peer)
  }

  /** Breaks the connections to the peer, soon; false when there is none. */
  sever(reason: string): boolean {
    return this.#shaping.init.sever(this.#peer, reason)
  }

  watch(onRelease: () => void): () => void {
    return this.#shaping.watch(onRelease)
  }

  /** Says of a connection that comes in whether it may not; while the link is jammed it waits, for so long at most. */
  refuses(patience: Millis): boolean | Promise<boolean> {
    if (this.isPlain()) return false
    return this.#mayConnect(patience).then((extra) => extra < 0)
  }

  /** Resolves when a new connection may come to be, as late as the link makes it. Rejects when it is cut, or jammed for too long. */
  async opens(patience: Millis): Promise<void> {
    const extra = await this.#mayConnect(patience)
    if (extra === BREAK) throw new Error(`connections to ${this.#peer} are cut`)
    if (extra === DROP) throw new Error(`no connection to ${this.#peer} within ${patience} ms`)
    const delay = extra + this.roundTrip()
    if (delay > 0) await new Promise<void>((resolve) => this.clock.after(delay, resolve))
  }

  /** Extra delay in ms, `BREAK`, or `DROP` when patience is over. */
  async #mayConnect(patience: Millis): Promise<number> {
    const deadline = this.clock.now() + patience
    for (;;) {
      const extra = this.judge('stream', 0)
      if (extra !== DROP || !(await this.#released(deadline - this.clock.now()))) return extra
    }
  }

  /** True when a rule went in time. */
  #released(patience: Millis): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (inTime: boolean) => {
        unwatch()
        unset()
        resolve(inTime)
      }
      const unwatch = this.watch(() => settle(true))
      const unset = this.clock.after(Math.max(patience, 0), () => settle(false))
    })
  }
}
