import type { Millis } from '@infermesh/kernel'
import { bytesToHex } from '@noble/hashes/utils.js'

export type Admission = 'fresh' | 'replayed' | 'full'

/**
 * Which requests a gateway has served, by key id and encapsulated key, each until its own date is too old to be accepted anyway.
 * Holds about (rate × window) entries.
 */
export class ReplayWindow {
  readonly #entriesMax: number
  readonly #bucketWidth: Millis
  /** Per key id, so that a retired key takes its entries along. */
  readonly #seen = new Map<number, Set<string>>()
  readonly #buckets = new Map<number, { readonly keyId: number; readonly enc: string }[]>()
  #size = 0

  constructor(options: { readonly entriesMax: number; readonly bucketWidth: Millis }) {
    this.#entriesMax = options.entriesMax
    this.#bucketWidth = options.bucketWidth
  }

  /** Tests and sets in one step. A full window refuses what it could not recognise later: forgetting would let replays in. */
  admit(request: { readonly keyId: number; readonly enc: Uint8Array }, keepUntil: Millis, now: Millis): Admission {
    this.#prune(now)
    const enc = bytesToHex(request.enc)
    const seen = this.#seen.get(request.keyId) ?? new Set<string>()
    if (seen.has(enc)) return 'replayed'
    if (this.#size >= this.#entriesMax) return 'full'
    this.#seen.set(request.keyId, seen.add(enc))
    this.#size += 1
    const index = Math.floor(keepUntil / this.#bucketWidth)
    const bucket = this.#buckets.get(index) ?? []
    bucket.push({ keyId: request.keyId, enc })
    this.#buckets.set(index, bucket)
    return 'fresh'
  }

  /** A key that opens nothing any more needs no memory. */
  forgetKey(keyId: number): void {
    this.#size -= this.#seen.get(keyId)?.size ?? 0
    this.#seen.delete(keyId)
  }

  size(now: Millis): number {
    this.#prune(now)
    return this.#size
  }

  /** Drops buckets that lie wholly in the past. There are only (window / width) of them, so all are looked at. */
  #prune(now: Millis): void {
    for (const [index, bucket] of this.#buckets) {
      if ((index + 1) * this.#bucketWidth > now) continue
      for (const { keyId, enc } of bucket) if (this.#seen.get(keyId)?.delete(enc)) this.#size -= 1
      this.#buckets.delete(index)
    }
  }
}
