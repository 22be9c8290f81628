/**
 * Finds known plaintext inside bytes that pass by. Equal cost for one secret and for thousands: a word is looked up at every eighth byte,
 * and each secret is known by the words at its first eight, so that one of them falls on a place that is looked at wherever the secret lies.
 */
export class SecretBook {
  readonly #byWord = new Map<number, Placed[]>()
  /** One flag for each low half of a word: most places are dismissed without a look-up. */
  readonly #known = new Uint8Array(1 << 16)

  /** Remembers the front of a secret; one too short to be told from chance is not kept. */
  add(owner: string, secret: Uint8Array): void {
    if (secret.length < PATTERN_MIN) return
    const pattern = secret.slice(0, PATTERN_MAX)
    for (let shift = 0; shift < STRIDE; shift++) {
      const word = wordAt(pattern, shift)
      this.#known[word & 0xffff] = 1
      const same = this.#byWord.get(word) ?? []
      same.push({ owner, pattern, shift })
      this.#byWord.set(word, same)
    }
  }

  /** Whose secret lies in these bytes, if anyone's does. */
  find(bytes: Uint8Array): string | undefined {
    const known = this.#known
    const end = bytes.length - WORD
    for (let offset = 0; offset <= end; offset += STRIDE) {
      const word = wordAt(bytes, offset)
      if (known[word & 0xffff] === 0) continue
      const owner = this.#ownerAt(bytes, offset, word)
      if (owner !== undefined) return owner
    }
    return undefined
  }

  // Apart: a closure in the loop would cost an allocation for each place, taken or not.
  #ownerAt(bytes: Uint8Array, offset: number, word: number): string | undefined {
    return this.#byWord.get(word)?.find(({ pattern, shift }) => isAt(bytes, offset - shift, pattern))?.owner
  }
}

interface Placed {
  readonly owner: string
  readonly pattern: Uint8Array
  /** Where in the pattern the word stands. */
  readonly shift: number
}

const WORD = 4
const STRIDE = 8
/** The last word that may be the one looked at ends here. */
const PATTERN_MIN = STRIDE + WORD
const PATTERN_MAX = 24

const wordAt = (bytes: Uint8Array, offset: number): number =>
  (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) | ((bytes[offset + 2] ?? 0) << 16) | ((bytes[offset + 3] ?? 0) << 24)

function isAt(bytes: Uint8Array, offset: number, pattern: Uint8Array): boolean {
  if (offset < 0 || offset + pattern.length > bytes.length) return false
  for (let index = 0; index < pattern.length; index++) if (bytes[offset + index] !== pattern[index]) return false
  return true
}
