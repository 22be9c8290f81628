/** Finds known plaintext inside bytes that pass by. Equal cost for one secret and for thousands. */
export class SecretBook {
  readonly #byWord = new Map<number, { readonly owner: string; readonly pattern: Uint8Array }[]>()
  /** One flag for each low half of a first word: most windows are dismissed without a look-up. */
  readonly #known = new Uint8Array(1 << 16)

  /** Remembers the front of a secret; one too short to be told from chance is not kept. */
  add(owner: string, secret: Uint8Array): void {
    if (secret.length < PATTERN_MIN) return
    const pattern = secret.slice(0, PATTERN_MAX)
    const word = wordAt(pattern, 0)
    this.#known[word & 0xffff] = 1
    const same = this.#byWord.get(word) ?? []
    same.push({ owner, pattern })
    this.#byWord.set(word, same)
  }

  /** Whose secret lies in these bytes, if anyone's does. */
  find(bytes: Uint8Array): string | undefined {
    const known = this.#known
    const end = bytes.length - PATTERN_MIN
    let word = wordAt(bytes, 0)
    for (let offset = 0; offset <= end; offset++) {
      if (known[word & 0xffff] !== 0) {
        const found = this.#byWord.get(word)?.find(({ pattern }) => isAt(bytes, offset, pattern))
        if (found !== undefined) return found.owner
      }
      word = (word >>> 8) | ((bytes[offset + 4] ?? 0) << 24)
    }
    return undefined
  }
}

const PATTERN_MIN = 12
const PATTERN_MAX = 24

const wordAt = (bytes: Uint8Array, offset: number): number =>
  (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) | ((bytes[offset + 2] ?? 0) << 16) | ((bytes[offset + 3] ?? 0) << 24)

function isAt(bytes: Uint8Array, offset: number, pattern: Uint8Array): boolean {
  if (offset + pattern.length > bytes.length) return false
  for (let index = 0; index < pattern.length; index++) if (bytes[offset + index] !== pattern[index]) return false
  return true
}
