import { assert, save } from '@infermesh/kernel'
import {
  DecodeFailed,
  type Envelope,
  type MessageOf,
  openAs,
  openEnvelope,
  type PeerEffect,
  type SealingContext,
} from '@infermesh/protocol'

const ENTRY = 'entry/'
const CHECKPOINT = 'checkpoint/'
const CHECKPOINTS_PER_ANSWER = 16
const ANSWER_BYTES_MAX = 2 * 1024 * 1024

/** What a settler keeps for good: entries, logged or waiting, and final blocks. It lies on disk before anybody is told. */
export class Archive {
  readonly #context: SealingContext
  readonly #entries = new Map<string, Uint8Array>()
  readonly #checkpoints = new Map<number, Uint8Array>()

  constructor(context: SealingContext) {
    this.#context = context
  }

  /** Takes up what the disk holds. Gives the checkpoints in order, and every entry. */
  restore(saved: ReadonlyMap<string, Uint8Array>): {
    checkpoints: readonly Envelope<'checkpoint'>[]
    entries: ReadonlyMap<string, Envelope>
  } {
    const entries = new Map<string, Envelope>()
    const checkpoints: Envelope<'checkpoint'>[] = []
    for (const [key, value] of saved) {
      if (key.startsWith(ENTRY)) {
        const entry = readable(key, () => openEnvelope(value, this.#context))
        this.#entries.set(entry.id, value)
        entries.set(entry.id, entry)
      } else if (key.startsWith(CHECKPOINT)) {
        const checkpoint = readable(key, () => openAs('checkpoint', value, this.#context))
        this.#checkpoints.set(checkpoint.payload.block.height, value)
        checkpoints.push(checkpoint)
      }
    }
    checkpoints.sort((left, right) => left.payload.block.height - right.payload.block.height)
    return { checkpoints, entries }
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  find(id: string): Envelope | undefined {
    const raw = this.#entries.get(id)
    return raw === undefined ? undefined : openEnvelope(raw, this.#context)
  }

  keepEntry(entry: Envelope): PeerEffect[] {
    if (this.#entries.has(entry.id)) return []
    this.#entries.set(entry.id, entry.bytes)
    return [save(ENTRY + entry.id, entry.bytes)]
  }

  keepCheckpoint(checkpoint: Envelope<'checkpoint'>): PeerEffect {
    const { height } = checkpoint.payload.block
    this.#checkpoints.set(height, checkpoint.bytes)
    // Padded, so that keys sort like numbers.
    return save(CHECKPOINT + String(height).padStart(12, '0'), checkpoint.bytes)
  }

  /** The key of an entry that will never be logged; its bytes are forgotten here and on disk. */
  drop(id: string): string {
    this.#entries.delete(id)
    return ENTRY + id
  }

  entriesAnswer({ ids }: MessageOf<'FetchEntries'>): MessageOf<'Entries'> {
    return { type: 'Entries', entries: ids.flatMap((id) => this.#entries.get(id) ?? []) }
  }

  /** As many as fit in one message: whoever wants more asks again from where it is then. */
  checkpointsAnswer({ from, count }: MessageOf<'FetchCheckpoints'>, height: number): MessageOf<'Checkpoints'> {
    const checkpoints: Uint8Array[] = []
    let bytes = 0
    for (let next = from; next < from + Math.min(count, CHECKPOINTS_PER_ANSWER); next++) {
      const raw = this.#checkpoints.get(next)
      bytes += raw?.length ?? 0
      if (raw === undefined || bytes > ANSWER_BYTES_MAX) break
      checkpoints.push(raw)
    }
    return { type: 'Checkpoints', checkpoints, height }
  }
}

/** What does not read as it was written means that this peer's own disk is damaged, and it must not go on voting. */
export function readable<T>(key: string, read: () => T): T {
  try {
    return read()
  } catch (failure) {
    if (failure instanceof DecodeFailed) assert(false, `the disk is damaged: ${key}: ${failure.message}`)
    throw failure
  }
}
