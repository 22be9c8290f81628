import { concatBytes } from '@infermesh/protocol'
import {
  type ChunkSealer,
  type Exchange,
  encodeSlot,
  type PaddingPolicy,
  paddedLength,
  padTo,
  SLOT_OVERHEAD,
} from '@infermesh/protocol/oblivious'
import type { Pacing } from './oblivious-config.ts'

/** Sealed bytes that leave now. */
export interface SealedPiece {
  readonly data: Uint8Array
  /** Of them, bytes that say something. */
  readonly plainBytes: number
  readonly last: boolean
}

export interface AnswerStream {
  /** The next bytes of the answer, and whether they are the last. */
  push(plain: Uint8Array, last: boolean): readonly SealedPiece[]
  /** For streams with a pace of their own. */
  tick(): readonly SealedPiece[]
}

export interface StreamOptions {
  readonly exchange: Exchange
  readonly entropy: (length: number) => Uint8Array
  readonly pacing: Pacing
}

/** Infermesh's own answers: every chunk is a slot, so the client reads all paces alike. */
export function slotStream({ exchange, entropy, pacing }: StreamOptions): AnswerStream {
  const { prefix, chunks } = exchange.start(entropy(exchange.nonceLength))
  if (pacing.kind === 'slots') return new PacedStream({ prefix, chunks }, pacing)
  const seal = (plain: Uint8Array) => inRecords(chunks, plain)
  return pacing.kind === 'events' ? eventStream(prefix, chunks, seal) : wholeStream(prefix, chunks, { seal, padding: pacing.padding })
}

/** HTTP answers in chunks. Their padding can only be at the end, so all paces but `events` wait for it. */
export function httpStream({ exchange, entropy, pacing }: StreamOptions, padding: PaddingPolicy): AnswerStream {
  const { prefix, chunks } = exchange.start(entropy(exchange.nonceLength))
  const seal = (plain: Uint8Array) => chunks.push(plain)
  return pacing.kind === 'events' ? eventStream(prefix, chunks, seal) : wholeStream(prefix, chunks, { seal, padding })
}

/** An HTTP answer in one piece. */
export function httpWhole({ exchange, entropy, pacing }: StreamOptions, padding: PaddingPolicy): AnswerStream {
  const policy: PaddingPolicy = pacing.kind === 'events' ? { kind: 'none' } : padding
  return gathering((plain) => exchange.seal(padded(plain, policy), entropy(exchange.nonceLength)))
}

type Sealing = (plain: Uint8Array) => Uint8Array

function eventStream(prefix: Uint8Array, chunks: ChunkSealer, seal: Sealing): AnswerStream {
  let before = prefix
  return {
    push(plain, last) {
      if (plain.length === 0 && !last) return []
      const data = concatBytes(before, seal(plain), last ? chunks.finish() : new Uint8Array(0))
      before = new Uint8Array(0)
      return [{ data, plainBytes: plain.length, last }]
    },
    tick: () => [],
  }
}

function wholeStream(
  prefix: Uint8Array,
  chunks: ChunkSealer,
  { seal, padding }: { readonly seal: Sealing; readonly padding: PaddingPolicy },
): AnswerStream {
  return gathering((plain) => concatBytes(prefix, seal(padded(plain, padding)), chunks.finish()))
}

function gathering(seal: Sealing): AnswerStream {
  const parts: Uint8Array[] = []
  return {
    push(plain, last) {
      parts.push(plain)
      if (!last) return []
      const whole = concatBytes(...parts)
      return [{ data: seal(whole), plainBytes: whole.length, last }]
    },
    tick: () => [],
  }
}

/** An answer above the largest class keeps its own length: to cut it would help nobody. */
const padded = (plain: Uint8Array, policy: PaddingPolicy): Uint8Array => padTo(plain, paddedLength(policy, plain.length) ?? plain.length)

function inRecords(chunks: ChunkSealer, plain: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let offset = 0; offset < plain.length; offset += ROOM) {
    const data = plain.subarray(offset, offset + ROOM)
    parts.push(chunks.push(encodeSlot(data, data.length + SLOT_OVERHEAD)))
  }
  return concatBytes(...parts)
}

class PacedStream implements AnswerStream {
  readonly #prefix: Uint8Array
  readonly #chunks: ChunkSealer
  readonly #pacing: Extract<Pacing, { readonly kind: 'slots' }>
  #waiting: Uint8Array = new Uint8Array(0)
  #isWhole = false
  #sent = 0

  constructor(sealing: { readonly prefix: Uint8Array; readonly chunks: ChunkSealer }, pacing: Extract<Pacing, { readonly kind: 'slots' }>) {
    this.#prefix = sealing.prefix
    this.#chunks = sealing.chunks
    this.#pacing = pacing
  }

  push(plain: Uint8Array, last: boolean): readonly SealedPiece[] {
    this.#waiting = concatBytes(this.#waiting, plain)
    this.#isWhole ||= last
    return []
  }

  tick(): readonly SealedPiece[] {
    const { bytes } = this.#pacing
    const room = bytes - SLOT_OVERHEAD
    const data = this.#waiting.subarray(0, room)
    this.#waiting = this.#waiting.slice(room)
    const sealed = this.#chunks.push(encodeSlot(data, bytes))
    this.#sent++
    const last = this.#isWhole && this.#waiting.length === 0 && this.#isClassFull()
    const before = this.#sent === 1 ? this.#prefix : new Uint8Array(0)
    const after = last ? this.#chunks.finish() : new Uint8Array(0)
    return [{ data: concatBytes(before, sealed, after), plainBytes: data.length, last }]
  }

  /** Above the largest class, its multiples are classes too. */
  #isClassFull(): boolean {
    const { classes } = this.#pacing
    const largest = classes.at(-1) ?? 1
    return this.#sent > largest ? this.#sent % largest === 0 : classes.includes(this.#sent)
  }
}

const ROOM = 16_384 - SLOT_OVERHEAD
