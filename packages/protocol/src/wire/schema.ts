import type { Random } from '@infermesh/kernel'
import { CborReader } from './cbor-reader.ts'
import { type CborWriter, SIMPLE, written } from './cbor-writer.ts'
import { fromHex, toHex } from './hex.ts'

export { fromHex, toHex }

/** How one type stands on the wire: structs as lists in field order, so that each value has one deterministic spelling. */
export interface Schema<T> {
  write(writer: CborWriter, value: T): void
  /** Throws `DecodeFailed`, which names the place by the reader's steps. */
  read(reader: CborReader): T
  /** Some valid value: every decoder is tested on drawn messages of every kind. */
  sample(random: Random): T
}

export type Infer<S> = S extends Schema<infer T> ? T : never

export const encodeAs = <T>(schema: Schema<T>, value: T): Uint8Array => written((writer) => schema.write(writer, value))

/** Reads the one spelling of a value, to its end. `root` names it in the message of a `DecodeFailed`. Byte strings are views of `raw`. */
export function decodeAs<T>(schema: Schema<T>, raw: Uint8Array, root: string): T {
  const reader = new CborReader(raw, root)
  const value = schema.read(reader)
  reader.end()
  return value
}

const sampleBytes = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256))

export const text = (maxLength: number): Schema<string> => ({
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text(maxLength),
  sample: (random) => 'abcdefghij'.repeat(10).slice(0, random.below(Math.min(maxLength, 40) + 1)),
})

export const bytes = (minLength: number, maxLength: number): Schema<Uint8Array> => ({
  write: (writer, value) => writer.bytes(value),
  read: (reader) => reader.bytes(minLength, maxLength),
  sample: (random) => sampleBytes(random, minLength + random.below(Math.min(maxLength - minLength, 40) + 1)),
})

/** A fixed number of bytes on the wire, lower-case hex text in the program (it serves as a map key). */
export const hex = (length: number): Schema<string> => ({
  write: (writer, value) => writer.bytes(fromHex(value)),
  read: (reader) => toHex(reader.bytes(length, length)),
  sample: (random) => toHex(sampleBytes(random, length)),
})

export const uint = (max: number = Number.MAX_SAFE_INTEGER): Schema<number> => ({
  write: (writer, value) => writer.uint(value),
  read: (reader) => reader.uint(max),
  // All sizes alike, since each has its own spelling.
  sample: (random) => random.below(Math.min(max, 2 * Math.exp(random.next() * 36)) + 1),
})

export const flag: Schema<boolean> = {
  write: (writer, value) => writer.simple(value ? SIMPLE.true : SIMPLE.false),
  read: (reader) => reader.flag(),
  sample: (random) => random.below(2) === 1,
}

export const oneOf = <const T extends string>(...names: readonly T[]): Schema<T> => ({
  write: (writer, value) => writer.uint(names.indexOf(value)),
  read: (reader) => names[reader.uint(names.length - 1)] as T,
  sample: (random) => names[random.below(names.length)] as T,
})

export const list = <T>(item: Schema<T>, maxLength: number): Schema<readonly T[]> => ({
  write(writer, value) {
    writer.list(value.length)
    for (const entry of value) item.write(writer, entry)
  },
  read(reader) {
    const length = reader.list(maxLength)
    const { steps } = reader
    const depth = steps.push(0) - 1
    const value: T[] = []
    for (let index = 0; index < length; index++) {
      steps[depth] = index
      value.push(item.read(reader))
    }
    steps.length = depth
    return value
  },
  sample: (random) => Array.from({ length: random.below(Math.min(maxLength, 4) + 1) }, () => item.sample(random)),
})

export const optional = <T>(inner: Schema<T>): Schema<T | undefined> => ({
  write(writer, value) {
    if (value === undefined) writer.simple(SIMPLE.null)
    else inner.write(writer, value)
  },
  read: (reader) => (reader.isNull() ? undefined : inner.read(reader)),
  sample: (random) => (random.below(2) === 0 ? undefined : inner.sample(random)),
})

type Fields = Readonly<Record<string, Schema<never> | Schema<unknown>>>
export type StructOf<F> = { readonly [K in keyof F]: F[K] extends Schema<infer T> ? T : never }

export function struct<F extends Record<string, unknown>>(fields: F & { [K in keyof F]: Schema<StructOf<F>[K]> }): Schema<StructOf<F>> {
  const entries = Object.entries(fields as unknown as Fields) as [string, Schema<unknown>][]
  return {
    write(writer, value) {
      writer.list(entries.length)
      for (const [name, schema] of entries) schema.write(writer, (value as Record<string, unknown>)[name])
    },
    read(reader) {
      reader.struct(entries.length)
      const { steps } = reader
      const depth = steps.push('') - 1
      const value: Record<string, unknown> = {}
      for (const [name, schema] of entries) {
        steps[depth] = name
        value[name] = schema.read(reader)
      }
      steps.length = depth
      return value as StructOf<F>
    },
    sample: (random) => Object.fromEntries(entries.map(([name, schema]) => [name, schema.sample(random)])) as StructOf<F>,
  }
}
