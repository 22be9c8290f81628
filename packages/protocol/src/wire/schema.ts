import type { Random } from '@infermesh/kernel'
import { DecodeFailed } from './decode-failed.ts'

/** How one type stands on the wire: structs as arrays in field order, so that each value has one deterministic spelling. */
export interface Schema<T> {
  toWire(value: T): unknown
  fromWire(wire: unknown, path: string): T
  /** Some valid value: every decoder is tested on drawn messages of every kind. */
  sample(random: Random): T
}

export type Infer<S> = S extends Schema<infer T> ? T : never

const describe = (wire: unknown): string => {
  if (wire === null) return 'null'
  if (wire instanceof Uint8Array) return `${wire.length} bytes`
  if (Array.isArray(wire)) return `a list of ${wire.length}`
  if (typeof wire === 'string') return `text of ${wire.length}`
  return typeof wire === 'object' ? 'a map' : String(wire)
}

const sampleBytes = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256))

export const text = (maxLength: number): Schema<string> => ({
  toWire: (value) => value,
  fromWire(wire, path) {
    if (typeof wire === 'string' && wire.length <= maxLength) return wire
    throw new DecodeFailed(path, `text of at most ${maxLength}`, describe(wire))
  },
  sample: (random) => 'abcdefghij'.repeat(10).slice(0, random.below(Math.min(maxLength, 40) + 1)),
})

export const bytes = (minLength: number, maxLength: number): Schema<Uint8Array> => ({
  toWire: (value) => value,
  fromWire(wire, path) {
    if (wire instanceof Uint8Array && wire.length >= minLength && wire.length <= maxLength) return wire
    throw new DecodeFailed(path, minLength === maxLength ? `${minLength} bytes` : `${minLength} to ${maxLength} bytes`, describe(wire))
  },
  sample: (random) => sampleBytes(random, minLength + random.below(Math.min(maxLength - minLength, 40) + 1)),
})

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(raw: Uint8Array): string {
  let result = ''
  for (let index = 0; index < raw.length; index++) result += hexDigits[raw[index] as number]
  return result
}

export function fromHex(hex: string): Uint8Array {
  const raw = new Uint8Array(hex.length / 2)
  for (let index = 0; index < raw.length; index++) raw[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16)
  return raw
}

/** A fixed number of bytes on the wire, lower-case hex text in the program (it serves as a map key). */
export const hex = (length: number): Schema<string> => ({
  toWire: (value) => fromHex(value),
  fromWire(wire, path) {
    if (wire instanceof Uint8Array && wire.length === length) return toHex(wire)
    throw new DecodeFailed(path, `${length} bytes`, describe(wire))
  },
  sample: (random) => toHex(sampleBytes(random, length)),
})

export const uint = (max: number = Number.MAX_SAFE_INTEGER): Schema<number> => ({
  toWire: (value) => value,
  fromWire(wire, path) {
    if (typeof wire === 'number' && Number.isSafeInteger(wire) && wire >= 0 && wire <= max) return wire
    throw new DecodeFailed(path, `a whole number from 0 to ${max}`, describe(wire))
  },
  // All sizes alike, since each has its own spelling.
  sample: (random) => random.below(Math.min(max, 2 * Math.exp(random.next() * 36)) + 1),
})

export const flag: Schema<boolean> = {
  toWire: (value) => value,
  fromWire(wire, path) {
    if (typeof wire === 'boolean') return wire
    throw new DecodeFailed(path, 'true or false', describe(wire))
  },
  sample: (random) => random.below(2) === 1,
}

export const oneOf = <const T extends string>(...names: readonly T[]): Schema<T> => ({
  toWire: (value) => names.indexOf(value),
  fromWire(wire, path) {
    const name = typeof wire === 'number' ? names[wire] : undefined
    if (name !== undefined) return name
    throw new DecodeFailed(path, `an index into ${names.join(', ')}`, describe(wire))
  },
  sample: (random) => names[random.below(names.length)] as T,
})

export const list = <T>(item: Schema<T>, maxLength: number): Schema<readonly T[]> => ({
  toWire: (value) => value.map((entry) => item.toWire(entry)),
  fromWire(wire, path) {
    if (!Array.isArray(wire) || wire.length > maxLength) throw new DecodeFailed(path, `a list of at most ${maxLength}`, describe(wire))
    return wire.map((entry, index) => item.fromWire(entry, `${path}[${index}]`))
  },
  sample: (random) => Array.from({ length: random.below(Math.min(maxLength, 4) + 1) }, () => item.sample(random)),
})

export const optional = <T>(inner: Schema<T>): Schema<T | undefined> => ({
  toWire: (value) => (value === undefined ? null : inner.toWire(value)),
  fromWire: (wire, path) => (wire === null ? undefined : inner.fromWire(wire, path)),
  sample: (random) => (random.below(2) === 0 ? undefined : inner.sample(random)),
})

type Fields = Readonly<Record<string, Schema<never> | Schema<unknown>>>
export type StructOf<F> = { readonly [K in keyof F]: F[K] extends Schema<infer T> ? T : never }

export function struct<F extends Record<string, unknown>>(fields: F & { [K in keyof F]: Schema<StructOf<F>[K]> }): Schema<StructOf<F>> {
  const entries = Object.entries(fields as unknown as Fields) as [string, Schema<unknown>][]
  return {
    toWire: (value) => entries.map(([name, schema]) => schema.toWire((value as Record<string, unknown>)[name])),
    fromWire(wire, path) {
      if (!Array.isArray(wire) || wire.length !== entries.length) {
        throw new DecodeFailed(path, `a list of ${entries.length} fields`, describe(wire))
      }
      const value: Record<string, unknown> = {}
      entries.forEach(([name, schema], index) => {
        value[name] = schema.fromWire(wire[index], `${path}.${name}`)
      })
      return value as StructOf<F>
    },
    sample: (random) => Object.fromEntries(entries.map(([name, schema]) => [name, schema.sample(random)])) as StructOf<F>,
  }
}
