import type { Millis, PeerId } from '@infermesh/kernel'
import type { Envelope, MemoryDigest } from '@infermesh/protocol'

/** A prompt's front that an operator has just read for this gateway. */
export interface Front {
  readonly key: number
  readonly blocks: number
  readonly at: Millis
}

interface Heard {
  readonly digest: MemoryDigest
  readonly at: Millis
  readonly heardAt: Millis
  /** Block counts by name. */
  readonly heads: ReadonlyMap<number, number>
}

/** Prompt tokens at an operator whose first token has not come yet, by this gateway's own dispatches. */
interface Sent {
  readonly tokens: number
  readonly at: Millis
}

/** What one operator is taken to hold and to have waiting for one prompt. */
export interface Standing {
  readonly overlapTokens: number
  readonly waitingTokens: number
  readonly msPerToken: number
}

/** Digests of operators' memory, with their age, and what this gateway has sent since. */
export class MemoryView {
  readonly #staleAfter: Millis
  readonly #heard = new Map<PeerId, Heard>()
  readonly #sent = new Map<PeerId, Map<string, Sent>>()
  /** Fronts that the operator's last digest could not tell of yet, by name. */
  readonly #read = new Map<PeerId, Map<number, Front>>()

  constructor(staleAfter: Millis) {
    this.#staleAfter = staleAfter
  }

  hear({ signer, at, payload }: Envelope<'memoryDigest'>, now: Millis): void {
    if ((this.#heard.get(signer)?.at ?? -1) > at) return
    const heads = new Map(payload.heads.map(({ key, blocks }) => [key, blocks]))
    this.#heard.set(signer, { digest: payload, at, heardAt: now, heads })
    const read = this.#read.get(signer) ?? new Map<number, Front>()
    for (const [key, front] of read) if (front.at < at) read.delete(key)
  }

  sent(peer: PeerId, requestId: string, sent: Sent): void {
    const known = this.#sent.get(peer) ?? new Map<string, Sent>()
    this.#sent.set(peer, known.set(requestId, sent))
  }

  /** An operator has begun to answer, so it has read the whole prompt. */
  read(peer: PeerId, front: Front): void {
    this.#read.set(peer, (this.#read.get(peer) ?? new Map<number, Front>()).set(front.key, front))
  }

  blockTokens(peer: PeerId): number | undefined {
    return this.#heard.get(peer)?.digest.blockTokens
  }

  /** Its first token came, or it went elsewhere. */
  settled(peer: PeerId, requestId: string): void {
    this.#sent.get(peer)?.delete(requestId)
  }

  /** `undefined` without a digest that is still worth something. `keysFor` names the prompt's blocks at the operator's block size. */
  standing(peer: PeerId, keysFor: (blockTokens: number) => ArrayLike<number>, now: Millis): Standing | undefined {
    const heard = this.#heard.get(peer)
    if (heard === undefined || now - heard.heardAt > this.#staleAfter) return undefined
    const { blockTokens, waitingTokens, microsPerToken } = heard.digest
    // What was sent before the digest was signed is in its count; clocks differ little against its age.
    const since = [...(this.#sent.get(peer)?.values() ?? [])].filter((sent) => sent.at >= heard.at)
    return {
      overlapTokens: overlapOf(heard, this.#read.get(peer), keysFor(blockTokens)) * blockTokens,
      waitingTokens: waitingTokens + since.reduce((sum, { tokens }) => sum + tokens, 0),
      msPerToken: microsPerToken / 1_000,
    }
  }
}

/** Blocks of the longest claimed front of this prompt. A chained name stands for all blocks before it. */
function overlapOf({ heads }: Heard, read: ReadonlyMap<number, Front> | undefined, keys: ArrayLike<number>): number {
  for (let blocks = keys.length; blocks > 0; blocks--) {
    const key = keys[blocks - 1] as number
    if (heads.get(key) === blocks || read?.get(key)?.blocks === blocks) return blocks
  }
  return 0
}
