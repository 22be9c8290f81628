import type { TraceRecord } from '@infermesh/kernel'

/**
 * A running digest of a run, to tell two runs apart: two 32-bit multiply-and-rotate lanes over the UTF-16 code units of each
 * record's JSON. Equal runs give equal digests; it is no defence against someone who wants a collision.
 */
export class TraceHash {
  #low = 0x811c9dc5
  #high = 0x9747b28c

  add(record: TraceRecord): void {
    this.addNumber(record.seq)
    this.addNumber(record.at)
    this.addText(record.peer)
    this.addText(eventText(record))
  }

  addText(text: string): void {
    let low = this.#low
    let high = this.#high
    // Four letters a step, each in a byte of its own as long as they are ASCII; never one past the end, for that is slow to ask for.
    const whole = text.length & ~3
    for (let index = 0; index < whole; index += 4) {
      const four =
        text.charCodeAt(index) ^ (text.charCodeAt(index + 1) << 8) ^ (text.charCodeAt(index + 2) << 16) ^ (text.charCodeAt(index + 3) << 24)
      low = Math.imul(low ^ four, 0x01000193)
      high = Math.imul(((high << 13) | (high >>> 19)) ^ four, 0x85ebca6b)
    }
    for (let index = whole; index < text.length; index++) {
      const one = text.charCodeAt(index)
      low = Math.imul(low ^ one, 0x01000193)
      high = Math.imul(((high << 13) | (high >>> 19)) ^ one, 0x85ebca6b)
    }
    this.#low = low
    this.#high = high
    this.addWord(text.length)
  }

  addNumber(value: number): void {
    this.addWord(value | 0)
    this.addWord(Math.floor(value / 4294967296) | 0)
  }

  /** Adds one 32-bit word. */
  addWord(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193) + 0x9e3779b9
    this.#high = Math.imul(((this.#high << 13) | (this.#high >>> 19)) ^ word, 0x85ebca6b)
  }

  /** 16 hex digits. More records may follow. */
  digest(): string {
    return hex(finish(this.#low ^ (this.#high >>> 7))) + hex(finish(this.#high + this.#low))
  }
}

let latest: { readonly record: TraceRecord; readonly text: string } | undefined

/** A record's event as JSON. The digest and the file ask one after the other, and the second gets the text of the first. */
export function eventText(record: TraceRecord): string {
  if (latest?.record !== record) latest = { record, text: JSON.stringify(record.event) }
  return latest.text
}

function finish(lane: number): number {
  let mixed = lane ^ (lane >>> 16)
  mixed = Math.imul(mixed, 0x7feb352d)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x846ca68b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

const hex = (word: number): string => word.toString(16).padStart(8, '0')
