import type { Random } from '@infermesh/kernel'

/** Something that reads bytes from strangers. */
export interface Reader {
  readonly name: string
  /** Bytes that it reads. */
  readonly good: Uint8Array
  /** Whether it read these. Throws for what no bytes may do: open after a change, have a second spelling. */
  read(bytes: Uint8Array): boolean
}

/** For sealed bytes: whatever opens must be what was sealed. */
export const onlyAsSealed = (name: string, good: Uint8Array, opens: (bytes: Uint8Array) => boolean): Reader => ({
  ...{ name, good },
  read(bytes) {
    if (!opens(bytes)) return false
    if (Buffer.compare(bytes, good) !== 0) throw new Error('changed bytes opened')
    return true
  },
})

/** Gives hostile bytes to each reader in turn, and how many of them were read. */
export interface Attempt {
  readonly reader: Reader
  readonly bytes: Uint8Array
  readonly isRead: boolean
  readonly error: unknown
  readonly tookMs: number
}

export function* attempts(readers: readonly Reader[], hostileOf: (good: Uint8Array, random: Random) => Uint8Array, random: Random) {
  for (let round = 0; ; round++) {
    const reader = readers[round % readers.length]
    if (reader === undefined) return
    yield attemptAt(reader, hostileOf(reader.good, random))
  }
}

function attemptAt(reader: Reader, bytes: Uint8Array): Attempt {
  const started = performance.now()
  let [isRead, error]: [boolean, unknown] = [false, undefined]
  try {
    isRead = reader.read(bytes)
  } catch (thrown) {
    error = thrown
  }
  return { reader, bytes, isRead, error, tookMs: performance.now() - started }
}
