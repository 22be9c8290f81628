import { fail, type Result, succeed } from '../oblivious/result.ts'
import { DecodeFailed } from '../wire/decode-failed.ts'
import { amount, instant, modelId, prompt } from '../wire/fields.ts'
import { bytes, decodeAs, encodeAs, hex, type Infer, list, oneOf, struct, uint } from '../wire/schema.ts'

/** What a client seals for a gateway. `cover` asks for nothing but an answer of the smallest class. */
const question = struct({
  kind: oneOf('ask', 'cover'),
  /** Of the request that the gateway signs in its own name, so that the client knows its id. */
  nonce: hex(16),
  date: instant,
  model: modelId,
  prompt,
  maxTokens: uint(1 << 20),
  seed: uint(),
  maxCharge: amount,
  deadline: instant,
  payment: list(bytes(354, 354), 64),
})
export type SealedQuestion = Infer<typeof question>

/** Length (4 bytes), the question, and then zeros up to the padded length that the caller adds. */
export function encodeQuestion(value: SealedQuestion): Uint8Array {
  return framed(encodeAs(question, value))
}

export function decodeQuestion(raw: Uint8Array): Result<SealedQuestion, 'malformed'> {
  const length = lengthAt(raw, 0)
  if (raw.length < FRAME || FRAME + length > raw.length) return fail('malformed', `sealed question: ${raw.length} bytes do not hold one`)
  if (raw.subarray(FRAME + length).some((byte) => byte !== 0)) return fail('malformed', 'sealed question: padding that is not all zero')
  try {
    return succeed(decodeAs(question, raw.subarray(FRAME, FRAME + length), 'question'))
  } catch (failure) {
    if (failure instanceof DecodeFailed) return fail('malformed', `sealed ${failure.message}`)
    throw failure
  }
}

/** A message of a sealed answer, after its length: answers are cut anywhere. */
export function framed(message: Uint8Array): Uint8Array {
  const { length } = message
  const raw = new Uint8Array(FRAME + length)
  raw.set([length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff])
  raw.set(message, FRAME)
  return raw
}

/** Puts the pieces of a sealed answer together again. Zeros between messages are padding. */
export class FrameReader {
  readonly #limit: number
  #rest: Uint8Array = new Uint8Array(0)

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The messages that these bytes completed. */
  push(data: Uint8Array): Result<readonly Uint8Array[], 'malformed'> {
    const raw = new Uint8Array(this.#rest.length + data.length)
    raw.set(this.#rest)
    raw.set(data, this.#rest.length)
    const messages: Uint8Array[] = []
    let offset = 0
    for (;;) {
      const length = lengthAt(raw, offset)
      if (offset + FRAME > raw.length) break
      if (length > this.#limit) return fail('malformed', `sealed answer: a message of ${length} bytes, at most ${this.#limit} are read`)
      if (offset + FRAME + length > raw.length) break
      if (length > 0) messages.push(raw.slice(offset + FRAME, offset + FRAME + length))
      offset += FRAME + length
    }
    this.#rest = raw.slice(offset)
    return succeed(messages)
  }
}

const FRAME = 4
const lengthAt = (raw: Uint8Array, at: number): number =>
  (((raw[at] ?? 0) << 24) | ((raw[at + 1] ?? 0) << 16) | ((raw[at + 2] ?? 0) << 8) | (raw[at + 3] ?? 0)) >>> 0
