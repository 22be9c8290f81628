import { endOfText, vocabularySize } from './vocabulary.ts'

export interface GeneratorOptions {
  /** SHA-256. */
  readonly hash: (bytes: Uint8Array) => Uint8Array
  /** The weights, or their root hash: either way it is hashed once for each generator. */
  readonly weights: Uint8Array
  /** UTF-8 bytes, or token ids. */
  readonly prompt: Uint8Array | readonly number[]
  /** Whole number below 2^53: the sampler's seed. */
  readonly seed: number
  /** Lets an answer end by itself, on average after this many tokens. Without it, only the caller's maximum ends an answer. */
  readonly naturalTokens?: number
}

export interface Generator {
  /** The token at this index. `endOfText` from the natural end on. */
  token(index: number): number
  /** Tokens `from` to `from + count`, exclusive, cut at the natural end. */
  tokens(from: number, count: number): number[]
  /** How many tokens an answer of at most `maxTokens` has. */
  answerLength(maxTokens: number): number
}

/**
 * A model that is its own weights' hash: weights, prompt and seed make one key, and the key and a position make each token.
 * One changed byte changes the whole text, and a standby goes on from any token at the price of one hash for eight tokens.
 */
export function createGenerator(options: GeneratorOptions): Generator {
  const key = keyOf(options)
  const naturalEnd = naturalEndOf(options, key)
  // Key and number of a group, as they are hashed together.
  const place = joined([key, number64(0)])
  let groupHeld = -1
  let digestHeld: Uint8Array = place

  const token = (index: number): number => {
    if (index >= naturalEnd) return endOfText
    const group = Math.floor(index / tokensPerDigest)
    if (group !== groupHeld) {
      writeNumber64(place, key.length, group)
      digestHeld = options.hash(place)
      groupHeld = group
    }
    return 1 + (word(digestHeld, (index % tokensPerDigest) * 4) % (vocabularySize - 1))
  }
  const answerLength = (maxTokens: number): number => Math.min(maxTokens, naturalEnd)
  const tokens = (from: number, count: number): number[] => {
    const end = answerLength(from + count)
    const made: number[] = []
    for (let index = from; index < end; index++) made.push(token(index))
    return made
  }

  return { token, answerLength, tokens }
}

const tokensPerDigest = 8

/** Each part is hashed by itself first, so that no byte can move from the prompt into the weights unseen. */
function keyOf({ hash, weights, prompt, seed }: GeneratorOptions): Uint8Array {
  const promptDigest = prompt instanceof Uint8Array ? hash(joined([label('bytes'), prompt])) : hash(joined([label('ids'), ids(prompt)]))
  return hash(joined([label('infermesh reference model'), hash(weights), promptDigest, number64(seed)]))
}

function naturalEndOf({ hash, naturalTokens }: GeneratorOptions, key: Uint8Array): number {
  if (naturalTokens === undefined) return Number.POSITIVE_INFINITY
  const share = word(hash(joined([label('length'), key])), 0) / 0x100000000
  return 1 + Math.floor(share * (2 * naturalTokens - 1))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

function label(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length + 1)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}

function ids(tokens: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(tokens.length * 4))
  tokens.forEach((token, index) => {
    view.setUint32(index * 4, token)
  })
  return new Uint8Array(view.buffer)
}

/** Big-endian. */
function number64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeNumber64(bytes, 0, value)
  return bytes
}

function writeNumber64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x100000000)
  for (let index = 0; index < 4; index++) {
    bytes[at + index] = high >>> (24 - 8 * index)
    bytes[at + 4 + index] = value >>> (24 - 8 * index)
  }
}

/** Big-endian, 32 bits. */
function word(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return ((high << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}
