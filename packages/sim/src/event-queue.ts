import { AssertionFailed } from '@infermesh/kernel'
import { RowChunks } from './row-chunks.ts'
import { SlotSet } from './slot-set.ts'
import { TickList } from './tick-list.ts'

/** Events stand on a grid of 1/1024 ms, so sums of times stay exact in a double. */
export const TICKS_PER_MS = 1024

const SLOTS = 1024
const LEVELS = 4
const SPAN_1 = SLOTS * SLOTS
const SPAN_2 = SPAN_1 * SLOTS
/** Virtual time ends after 2^40 ms, which is 34 years. */
const TIME_MAX = SPAN_2 * SLOTS

/**
 * Pending events in the total order (time, order of insertion). A hierarchical timing wheel: every push, move and pop is a
 * constant amount of sequential work, so it does not slow down as caches overflow the way a heap does.
 * The fields of the event at hand stay valid until the next `pop`.
 */
export class EventQueue {
  /** Time of the event at hand, in ms. */
  at = 0
  kind = 0
  peer = 0
  a = 0
  b = 0
  /** Events pending. */
  size = 0

  readonly #chunks = new RowChunks(LEVELS * SLOTS)
  readonly #ticks = new TickList(TICKS_PER_MS)
  readonly #filled = [new SlotSet(SLOTS), new SlotSet(SLOTS), new SlotSet(SLOTS), new SlotSet(SLOTS)] as const
  /** Nothing may be added before this time. */
  #floor = 0
  #ms = 0
  #span0 = 0
  #span1 = 0
  #span2 = 0

  /** Adds an event; `at` is rounded down to the grid and must not lie before the event at hand or the last `until`. At most 256 kinds. */
  // biome-ignore lint/complexity/useMaxParams: an options object would be an allocation for each event
  push(at: number, kind: number, peer: number, a: number, b: number): void {
    const ms = Math.floor(at)
    if (!(at >= this.#floor && ms < TIME_MAX)) this.#refuse(at)
    const tick = Math.floor((at - ms) * TICKS_PER_MS)
    const low = ms - this.#span2
    const chunks = this.#chunks
    const slot = ms === this.#ms ? -1 : this.#slotOf(ms)
    const row = chunks.append(slot < 0 ? this.#ms - this.#span0 : slot)
    const words = chunks.words
    words[row] = low >= 0 && low < SPAN_2 ? low : ms % SPAN_2
    words[row + 1] = (tick << 8) | kind
    words[row + 2] = peer
    words[row + 3] = a
    words[row + 4] = b
    if (slot < 0) this.#ticks.add(tick, row)
    this.size++
  }

  /** Loads the next event whose time is at most `until`; false when there is none. */
  pop(until: number): boolean {
    while (true) {
      const row = this.#ticks.take(this.#tickLimit(until))
      if (row >= 0) return this.#load(row)
      if (!this.#ticks.isEmpty || !this.#advance(until)) return this.#stop(until)
    }
  }

  // Apart, because the text of an assertion would be built at each push.
  #refuse(at: number): never {
    throw new AssertionFailed(`an event must lie between ${this.#floor} and ${TIME_MAX} ms, got ${at}`)
  }

  #stop(until: number): false {
    if (until !== Infinity && until > this.#floor) this.#floor = until
    return false
  }

  #load(row: number): boolean {
    const words = this.#chunks.words
    const packed = words[row + 1] ?? 0
    this.at = this.#ms + (packed >>> 8) / TICKS_PER_MS
    this.#floor = this.at
    this.kind = packed & 0xff
    this.peer = words[row + 2] ?? 0
    this.a = words[row + 3] ?? 0
    this.b = words[row + 4] ?? 0
    this.size--
    return true
  }

  #tickLimit(until: number): number {
    const ahead = (until - this.#ms) * TICKS_PER_MS
    return ahead >= TICKS_PER_MS ? TICKS_PER_MS - 1 : Math.floor(ahead)
  }

  /** Spans are aligned, so a slot of an upper level is handed down before anything is put straight into the level below. */
  #slotOf(ms: number): number {
    const near = ms - this.#span0
    if (near < SLOTS) return this.#mark(0, near)
    const middle = ms - this.#span1
    if (middle < SPAN_1) return this.#mark(1, middle >>> 10)
    const far = ms - this.#span2
    return far < SPAN_2 ? this.#mark(2, far >>> 20) : this.#mark(3, Math.floor(ms / SPAN_2))
  }

  #mark(level: 0 | 1 | 2 | 3, slot: number): number {
    this.#filled[level].add(slot)
    return level * SLOTS + slot
  }

  /** Moves on to the next filled millisecond that is not after `until`. */
  #advance(until: number): boolean {
    this.#chunks.release(this.#ms - this.#span0)
    this.#ticks.reset()
    while (true) {
      const slot = this.#filled[0].next(this.#ms - this.#span0)
      if (slot >= 0) {
        if (this.#span0 + slot > until) return false
        this.#enter(slot)
        return true
      }
      if (!this.#handDown(until)) return false
    }
  }

  #enter(slot: number): void {
    this.#ms = this.#span0 + slot
    this.#filled[0].delete(slot)
    const chunks = this.#chunks
    chunks.each(slot, (row) => this.#ticks.add((chunks.words[row + 1] ?? 0) >>> 8, row))
  }

  /** Opens the next filled slot of the lowest upper level that has one, and spreads it over the level below. */
  #handDown(until: number): boolean {
    const middle = this.#filled[1].next((this.#span0 - this.#span1) >>> 10)
    if (middle >= 0) return this.#open(1, middle, this.#span1 + middle * SLOTS, until)
    const far = this.#filled[2].next((this.#span1 - this.#span2) >>> 20)
    if (far >= 0) return this.#open(2, far, this.#span2 + far * SPAN_1, until)
    const last = this.#filled[3].next(this.#span2 / SPAN_2)
    return last >= 0 && this.#open(3, last, last * SPAN_2, until)
  }

  #open(level: 1 | 2 | 3, slot: number, start: number, until: number): boolean {
    if (start > until) return false
    this.#filled[level].delete(slot)
    if (level === 3) this.#span2 = start
    if (level >= 2) this.#span1 = start
    this.#span0 = start
    // The first millisecond of a span is an ordinary slot until it is entered, hence the cursor before it.
    this.#ms = start - 1
    const chunks = this.#chunks
    chunks.each(level * SLOTS + slot, (row) => {
      const ms = this.#span2 + (chunks.words[row] ?? 0)
      const copy = chunks.append(this.#slotOf(ms))
      chunks.words.copyWithin(copy, row, row + 5)
    })
    chunks.release(level * SLOTS + slot)
    return true
  }
}
