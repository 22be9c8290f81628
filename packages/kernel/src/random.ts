/** A seeded stream of draws. Equal seed and equal calls give equal values on every machine. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number
  /** Uniform whole number in [0, bound). */
  below(bound: number): number
  /** An independent stream: draws from it don't shift this one. Equal label, equal stream. */
  fork(label: string): Random
}

/** FNV-1a over UTF-16 code units, 32 bits, from a chosen basis. */
function fnv1a(text: string, basis: number): number {
  let hash = basis
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** SplitMix32, used to spread a label over the generator's four words. */
function splitMix(state: number): () => number {
  let current = state
  return () => {
    current = (current + 0x9e3779b9) | 0
    let mixed = current ^ (current >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

/** xoshiro128** (Blackman and Vigna, 2018), seeded by a text label. */
class Xoshiro implements Random {
  readonly #label: string
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(label: string) {
    this.#label = label
    const low = splitMix(fnv1a(label, 0x811c9dc5))
    const high = splitMix(fnv1a(label, 0x9747b28c))
    this.#a = low() ^ high()
    this.#b = low() + high()
    this.#c = low() ^ high()
    this.#d = (low() + high()) | 1
  }

  #word(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result
  }

  next(): number {
    const high = this.#word() >>> 5
    const low = this.#word() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  fork(label: string): Random {
    return new Xoshiro(`${this.#label}/${label}`)
  }
}

/** The root stream of a run. Streams for peers and purposes are forked from it. */
export const randomFrom = (seed: string | number): Random => new Xoshiro(`infermesh/${seed}`)
