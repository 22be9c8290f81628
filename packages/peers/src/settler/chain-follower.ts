import { type Millis, type PeerId, request, setTimer } from '@infermesh/kernel'
import { DecodeFailed, type Envelope, type Message, openAs, openEnvelope, type PeerEffect } from '@infermesh/protocol'
import { afterStep, blockIdOf, check, type Ledger, openCommit, revealFits, type Step } from '@infermesh/protocol/ledger'

export interface FollowerConfig {
  /** Settlers to ask, this peer left out. */
  readonly sources: readonly PeerId[]
  /** Prefix of call ids and timer keys. */
  readonly prefix: string
}

interface Signed {
  readonly checkpoint: Envelope<'checkpoint'>
  /** Its precommits, opened. */
  readonly votes: readonly Envelope<'vote'>[]
}

/** A final block that follows on the ledger's head, with everything that is in it. */
export interface Arrived extends Signed {
  readonly entries: readonly Envelope[]
  readonly step: Step
}

export interface Followed {
  readonly effects: PeerEffect[]
  /** Commit it, then call `next`. */
  readonly arrived?: Arrived
}

const AHEAD_MAX = 64
const CHECKPOINTS_PER_ASK = 16
const ENTRIES_PER_ASK = 64
const ASK_TIMEOUT: Millis = 5_000
const RETRY_AFTER: Millis = 1_000

type Asked = 'checkpoints' | 'entries'

/** Follows the chain of final blocks: learns of checkpoints, fetches those and the entries it lacks, one question at a time. */
export class ChainFollower {
  readonly #config: FollowerConfig
  readonly #ledger: Ledger
  readonly #lookup: (id: string) => Envelope | undefined
  /** Each signed by 2f+1 settlers: what was not is never kept, and never fetched for. */
  readonly #checkpoints = new Map<number, Signed>()
  readonly #fetched = new Map<string, Envelope>()
  /** The highest block that anybody spoke of. */
  #known = 0
  #source: number
  #calls = 0
  #asked: { readonly callId: string; readonly what: Asked } | undefined
  #isWaiting = false

  /** `lookup` finds entries that this peer has already. `first`: the source to begin with. */
  constructor(config: FollowerConfig, ledger: Ledger, { lookup, first }: { lookup: (id: string) => Envelope | undefined; first: number }) {
    this.#config = config
    this.#ledger = ledger
    this.#lookup = lookup
    this.#source = first
  }

  /** A checkpoint was heard of, its signature checked. Its signer is asked for what is missing. */
  offer(checkpoint: Envelope<'checkpoint'>): Followed {
    this.#keep(checkpoint)
    this.#trust(checkpoint.signer)
    return this.next()
  }

  /** Somebody is at this height, so all below it are final. */
  heard(height: number, from: PeerId): Followed {
    if (height <= this.#known) return { effects: [] }
    this.#known = height
    this.#trust(from)
    return this.next()
  }

  /** Asks a source for whatever comes next, though nobody spoke of it. */
  poll(): Followed {
    return { effects: this.#asked === undefined ? this.#askCheckpoints() : [] }
  }

  owns(callIdOrKey: string): boolean {
    return callIdOrKey.startsWith(this.#config.prefix)
  }

  onResponse(callId: string, message: Message): Followed {
    if (this.#asked?.callId !== callId) return { effects: [] }
    const { what } = this.#asked
    this.#asked = undefined
    const isUseful = what === 'checkpoints' ? this.#takeCheckpoints(message) : this.#takeEntries(message)
    return isUseful ? this.next() : { effects: this.#later() }
  }

  onFailed(callId: string): Followed {
    if (this.#asked?.callId !== callId) return { effects: [] }
    this.#asked = undefined
    return { effects: this.#later() }
  }

  onTimer(): Followed {
    this.#isWaiting = false
    return this.next()
  }

  /** Goes on where the ledger's head is now. */
  next(): Followed {
    const { head } = this.#ledger
    for (const height of this.#checkpoints.keys()) if (height <= head.height) this.#checkpoints.delete(height)
    const signed = this.#checkpoints.get(head.height + 1)
    if (signed === undefined) return { effects: this.#known > head.height ? this.#ask('checkpoints', []) : [] }
    const missing = signed.checkpoint.payload.block.entries.filter((id) => this.#find(id) === undefined)
    if (missing.length > 0) return { effects: this.#ask('entries', missing) }
    return this.#arrive(signed)
  }

  #arrive({ checkpoint, votes }: Signed): Followed {
    const { block } = checkpoint.payload
    const entries = block.entries.flatMap((id) => this.#find(id) ?? [])
    const checked = check(this.#ledger, block, entries)
    if (checked.ok && votes.every((vote) => continuesChain(this.#ledger, checked.step, vote))) {
      for (const id of block.entries) this.#fetched.delete(id)
      return { effects: [], arrived: { checkpoint, votes, entries, step: checked.step } }
    }
    this.#checkpoints.delete(block.height)
    return { effects: this.#later() }
  }

  #find(id: string): Envelope | undefined {
    return this.#lookup(id) ?? this.#fetched.get(id)
  }

  /** Nothing is kept of a checkpoint that too few have signed: whoever published it made it up. */
  #keep(checkpoint: Envelope<'checkpoint'>): void {
    const { block, precommits } = checkpoint.payload
    const ahead = block.height - this.#ledger.head.height
    if (ahead <= 0 || this.#checkpoints.has(block.height)) return
    const { rules } = this.#ledger
    const votes = openCommit(rules, precommits, { height: block.height, blockId: blockIdOf(rules, block) })
    if (typeof votes === 'string') return
    this.#known = Math.max(this.#known, block.height)
    if (ahead <= AHEAD_MAX) this.#checkpoints.set(block.height, { checkpoint, votes })
  }

  #takeCheckpoints(message: Message): boolean {
    if (message.type !== 'Checkpoints') return false
    if (message.checkpoints.length === 0) {
      // Whoever claimed more is not asked for it without end; and two that both lack it must not go on asking each other.
      this.#known = this.#ledger.head.height
      this.#source++
    }
    return opensAll(() => {
      for (const raw of message.checkpoints) this.#keep(openAs('checkpoint', raw, this.#ledger.rules.sealing))
    })
  }

  #takeEntries(message: Message): boolean {
    if (message.type !== 'Entries' || message.entries.length === 0) return false
    return opensAll(() => {
      for (const raw of message.entries) {
        const entry = openEnvelope(raw, this.#ledger.rules.sealing)
        this.#fetched.set(entry.id, entry)
      }
    })
  }

  #trust(peer: PeerId): void {
    const place = this.#config.sources.indexOf(peer)
    if (place >= 0 && this.#asked === undefined) this.#source = place
  }

  #askCheckpoints(): PeerEffect[] {
    return this.#ask('checkpoints', [])
  }

  #ask(what: Asked, missing: readonly string[]): PeerEffect[] {
    const to = this.#config.sources[this.#source % Math.max(1, this.#config.sources.length)]
    if (this.#asked !== undefined || this.#isWaiting || to === undefined) return []
    const callId = `${this.#config.prefix}${this.#calls++}`
    this.#asked = { callId, what }
    const message: Message =
      what === 'entries'
        ? { type: 'FetchEntries', ids: missing.slice(0, ENTRIES_PER_ASK) }
        : { type: 'FetchCheckpoints', from: this.#ledger.head.height + 1, count: CHECKPOINTS_PER_ASK }
    return [request({ callId, to, stream: 'fetch', message, timeout: ASK_TIMEOUT })]
  }

  /** Another source, a little later. */
  #later(): PeerEffect[] {
    this.#source++
    if (this.#isWaiting) return []
    this.#isWaiting = true
    return [setTimer(`${this.#config.prefix}retry`, RETRY_AFTER)]
  }
}

/** Does a precommit's reveal fit the ledger after the block that it is for? If not, it must not stand in the next block's commit. */
export const continuesChain = (ledger: Ledger, step: Step, { signer, payload }: Envelope<'vote'>): boolean =>
  revealFits(ledger.rules.hash, afterStep(ledger, step), { settler: signer, height: payload.height, value: payload.reveal })

/** False when something did not open: the source is to blame, and another is asked. */
function opensAll(open: () => void): boolean {
  try {
    open()
    return true
  } catch (failure) {
    if (failure instanceof DecodeFailed) return false
    throw failure
  }
}
