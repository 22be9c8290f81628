import { type Millis, type PeerId, request } from '@infermesh/kernel'
import { type Block, DecodeFailed, type Envelope, type Message, openEnvelope, type PeerEffect } from '@infermesh/protocol'
import { blockIdOf, CLOCK_TOLERANCE, check, type Ledger, type Step } from '@infermesh/protocol/ledger'
import type { Archive } from './archive.ts'
import type { Mempool } from './mempool.ts'

/** A block that this settler worked out itself and found right. */
export interface Examined {
  readonly step: Step
  readonly entries: readonly Envelope[]
}

/** `unknown`: entries are missing still, or the block's time is ahead of this settler's clock. */
export type Opinion = { readonly verdict: 'valid' | 'invalid' | 'unknown'; readonly effects: readonly PeerEffect[] }

const ENTRIES_PER_ASK = 64
const ASK_TIMEOUT: Millis = 2_000

/** The blocks proposed at one height: checks them against the ledger, and fetches the entries that are missing. */
export class ExaminedBlocks {
  readonly #height: number
  readonly #ledger: Ledger
  readonly #store: { readonly archive: Archive; readonly mempool: Mempool }
  readonly #examined = new Map<string, Examined>()
  readonly #waiting = new Map<string, { readonly block: Block; readonly from: PeerId }>()
  #calls = 0

  constructor(ledger: Ledger, store: { readonly archive: Archive; readonly mempool: Mempool }) {
    this.#height = ledger.head.height + 1
    this.#ledger = ledger
    this.#store = store
  }

  get(blockId: string): Examined | undefined {
    return this.#examined.get(blockId)
  }

  /** This settler's own proposal needs no second look. */
  add(examined: Examined): void {
    this.#examined.set(examined.step.blockId, examined)
  }

  examine(block: Block, from: PeerId, now: Millis): Opinion {
    const blockId = blockIdOf(this.#ledger.rules, block)
    if (this.#examined.has(blockId)) return { verdict: 'valid', effects: [] }
    if (block.time > now + CLOCK_TOLERANCE) return { verdict: 'unknown', effects: [] }
    const missing = block.entries.filter((id) => this.#find(id) === undefined)
    if (missing.length > 0) {
      this.#waiting.set(blockId, { block, from })
      return { verdict: 'unknown', effects: [this.#ask(blockId, from, missing)] }
    }
    const entries = block.entries.flatMap((id) => this.#find(id) ?? [])
    const checked = check(this.#ledger, block, entries)
    if (!checked.ok) return { verdict: 'invalid', effects: [] }
    this.#examined.set(blockId, { step: checked.step, entries })
    // Whoever votes for a block answers for its entries: they are on disk before the vote.
    return { verdict: 'valid', effects: entries.flatMap((entry) => this.#store.archive.keepEntry(entry)) }
  }

  owns(callId: string): boolean {
    return callId.startsWith(this.#prefix())
  }

  /** Names the block whose entries came, with a new opinion of it. */
  onEntries(callId: string, message: Message, now: Millis): { readonly blockId: string; readonly opinion: Opinion } | undefined {
    const blockId = callId.slice(this.#prefix().length).split('/')[0] ?? ''
    const waiting = this.#waiting.get(blockId)
    if (waiting === undefined || message.type !== 'Entries' || message.entries.length === 0) return undefined
    this.#waiting.delete(blockId)
    const wanted = new Set(waiting.block.entries)
    const kept: PeerEffect[] = []
    for (const raw of message.entries) {
      const entry = opened(() => openEnvelope(raw, this.#ledger.rules.sealing))
      if (entry !== undefined && wanted.has(entry.id)) kept.push(...this.#store.archive.keepEntry(entry))
    }
    const opinion = this.examine(waiting.block, waiting.from, now)
    return { blockId, opinion: { ...opinion, effects: [...kept, ...opinion.effects] } }
  }

  #find(id: string): Envelope | undefined {
    return this.#store.mempool.find(id) ?? this.#store.archive.find(id)
  }

  #prefix(): string {
    return `entries/${this.#height}/`
  }

  #ask(blockId: string, to: PeerId, missing: readonly string[]): PeerEffect {
    const callId = `${this.#prefix()}${blockId}/${this.#calls++}`
    const message = { type: 'FetchEntries', ids: missing.slice(0, ENTRIES_PER_ASK) } as const
    return request({ callId, to, stream: 'fetch', message, timeout: ASK_TIMEOUT })
  }
}

function opened(open: () => Envelope): Envelope | undefined {
  try {
    return open()
  } catch (failure) {
    // The proposer sent bytes that are no envelope: it is asked no more for them.
    if (failure instanceof DecodeFailed) return undefined
    throw failure
  }
}
