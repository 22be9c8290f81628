import { decode as referenceDecode, encode as referenceEncode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { DecodeFailed } from './decode-failed.ts'

const leaf = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 30 }), tie('map')),
  map: fc.oneof(
    fc.dictionary(fc.string({ unit: 'binary-ascii', maxLength: 30 }), tie('value'), { maxKeys: 30 }),
    fc
      .array(fc.tuple(fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'binary', maxLength: 30 })), tie('value')), { maxLength: 30 })
      .map((entries) => new Map(entries)),
  ),
}))

/** What an independent library makes of the same value. */
const reference = (item: unknown): Uint8Array => referenceEncode(item, rfc8949EncodeOptions)

test('a value is spelled as RFC 8949 §4.2 says', () => {
  fc.assert(
    fc.property(value, (item) => {
      expect([...encodeCbor(item)]).toEqual([...reference(item)])
    }),
  )
})

test('what was encoded decodes to the same, and nothing else is read', () => {
  fc.assert(
    fc.property(value, fc.nat(), (item, seed) => {
      const bytes = encodeCbor(item)
      expect([...encodeCbor(decodeCbor(bytes))]).toEqual([...bytes])
      const cut = bytes.subarray(0, seed % bytes.length)
      expect(() => decodeCbor(cut)).toThrow(DecodeFailed)
      expect(() => decodeCbor(Uint8Array.of(...bytes, 0))).toThrow(DecodeFailed)
    }),
  )
})

test('of changed bytes, only deterministic encodings are read', () => {
  fc.assert(
    fc.property(value, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }), (item, changes) => {
      const bytes = encodeCbor(item)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      const read = attempt(() => decodeCbor(bytes))
      if (read === undefined) return
      expect([...encodeCbor(read.value)]).toEqual([...bytes])
      expect(referenceDecode(bytes, { strict: true, allowIndefinite: false, useMaps: true })).toEqual(read.value)
    }),
    { numRuns: 2_000 },
  )
})

function attempt(read: () => unknown): { readonly value: unknown } | undefined {
  try {
    return { value: read() }
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeFailed)
    return undefined
  }
}

test.each([
  ['a number in two bytes that fits one', '1817'],
  ['a number in three bytes that fits two', '1900ff'],
  ['a number in five bytes that fits three', '1a0000ffff'],
  ['a number in nine bytes that fits five', '1b00000000ffffffff'],
  ['a number above 2^53 - 1', '1b0020000000000000'],
  ['a long length of bytes', '5801aa'],
  ['a long length of text', '780161'],
  ['a long length of a list', '980100'],
  ['a long length of a map', 'b8010000'],
  ['bytes of indefinite length', '5f41aaff'],
  ['a list of indefinite length', '9f00ff'],
  ['a map of indefinite length', 'bf0000ff'],
  ['keys out of order', 'a201000000'],
  ['a key twice', 'a200000000'],
  ['a tag', 'c100'],
  ['a float', 'f93c00'],
  ['a simple value in two bytes', 'f8f5'],
  ['text that is not UTF-8', '61ff'],
  ['text with a letter in two bytes that fits one', '62c1a1'],
  ['text with a letter in three bytes that fits two', '63e08080'],
  ['text with a letter in four bytes that fits three', '64f0808080'],
  ['text with a letter beyond the last', '64f4908080'],
  ['text with half of a pair', '63eda080'],
  ['a list that claims more than there is', '9affffffff00'],
  ['lists within one another without end', '81'.repeat(5_000)],
])('%s is refused', (_, hex) => {
  expect(() => decodeCbor(Uint8Array.from(Buffer.from(hex, 'hex')))).toThrow(DecodeFailed)
})

test('what has no spelling is not encoded', () => {
  for (const item of [0.5, Number.NaN, 2e60, () => 0, Symbol('x'), 1n, { schlüssel: 1 }, new Map([[true, 1]])])
    expect(() => encodeCbor([item])).toThrow(/expected/)
  // And nothing of it is left for the next.
  expect([...encodeCbor([1])]).toEqual([0x81, 1])
})
