/** A machine broke: it threw, or broke its contract. The run cannot go on. */
export class MachineFailed extends Error {
  override readonly name = 'MachineFailed'
  readonly peer: string
  readonly input: string
  readonly at: number

  constructor(parts: { peer: string; input: string; at: number; seed: string | number; cause: unknown }) {
    const reason = parts.cause instanceof Error ? parts.cause.message : String(parts.cause)
    super(`${parts.peer} failed on input ${parts.input} at ${parts.at} ms (seed ${parts.seed}): ${reason}`, { cause: parts.cause })
    this.peer = parts.peer
    this.input = parts.input
    this.at = parts.at
  }
}

/** Events follow each other without virtual time moving. */
export class NoProgress extends Error {
  override readonly name = 'NoProgress'
  readonly peers: readonly string[]

  constructor(parts: { at: number; events: number; peers: readonly string[]; seed: string | number }) {
    super(
      `${parts.events} events at ${parts.at} ms without time moving (seed ${parts.seed}); busiest: ${parts.peers.join(', ')}. ` +
        'A machine answers itself or sets timers of 0 ms: give it a delay.',
    )
    this.peers = parts.peers
  }
}
