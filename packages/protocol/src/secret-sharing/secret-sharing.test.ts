import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divide, multiply } from './field.ts'
import { combineShares, SECRET_BYTES, splitSecret } from './secret-sharing.ts'

const secretBytes = fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES })

const split = fc.integer({ min: 1, max: 7 }).chain((threshold) =>
  fc.record({
    secret: secretBytes,
    threshold: fc.constant(threshold),
    shares: fc.integer({ min: threshold, max: 10 }),
    randomness: fc.uint8Array({ minLength: (threshold - 1) * SECRET_BYTES, maxLength: (threshold - 1) * SECRET_BYTES }),
    order: fc.array(fc.nat(), { minLength: 10, maxLength: 10 }),
  }),
)

const shuffled = <T>(items: readonly T[], order: readonly number[]): T[] =>
  items
    .map((item, index) => ({ item, key: order[index] ?? 0 }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item)

test('the field agrees with the products that FIPS 197 works out', () => {
  expect(multiply(0x57, 0x83)).toBe(0xc1)
  expect(multiply(0x57, 0x13)).toBe(0xfe)
  expect(multiply(0x53, 0xca)).toBe(1)
  expect(divide(1, 0x53)).toBe(0xca)
})

test('division undoes multiplication for every pair of the field', () => {
  for (let left = 0; left < 256; left++)
    for (let right = 1; right < 256; right++) if (divide(multiply(left, right), right) !== left) expect([left, right]).toBe('undone')
})

test('any threshold of the shares, in any order, recovers the secret', () => {
  fc.assert(
    fc.property(split, ({ secret, threshold, shares, randomness, order }) => {
      const chosen = shuffled(splitSecret(secret, { threshold, shares, randomness }), order).slice(0, threshold)

      expect(combineShares(chosen)).toEqual(secret)
    }),
    { numRuns: 60 },
  )
})

test('one share fewer fits every other secret as well', () => {
  fc.assert(
    fc.property(secretBytes, secretBytes, fc.uint8Array({ minLength: 64, maxLength: 64 }), (secret, guess, randomness) => {
      const [first, second, third] = splitSecret(secret, { threshold: 3, shares: 3, randomness })
      // For any guess there is a third share that makes the two seen ones say exactly that guess.
      const other = thirdShareFor(guess, [first as Uint8Array, second as Uint8Array])

      expect(combineShares([first as Uint8Array, second as Uint8Array, other])).toEqual(guess)
      expect(third).toBeDefined()
    }),
    { numRuns: 30 },
  )
})

test('two of three shares give other bytes than the secret', () => {
  const secret = new Uint8Array(SECRET_BYTES).fill(7)
  const shares = splitSecret(secret, { threshold: 3, shares: 5, randomness: new Uint8Array(64).map((_, index) => index * 37 + 1) })

  expect(combineShares(shares.slice(0, 2))).not.toEqual(secret)
})

test('refuses shares that share an index, have index 0 or the wrong size', () => {
  const [share] = splitSecret(new Uint8Array(SECRET_BYTES), { threshold: 1, shares: 1, randomness: new Uint8Array(0) })

  expect(combineShares([share as Uint8Array, share as Uint8Array])).toBeUndefined()
  expect(combineShares([new Uint8Array(33)])).toBeUndefined()
  expect(combineShares([Uint8Array.of(1, 2, 3)])).toBeUndefined()
  expect(combineShares([])).toBeUndefined()
})

/** The share with index 3 whose combination with two others is the wanted secret. */
function thirdShareFor(wanted: Uint8Array, pair: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const share = new Uint8Array(SECRET_BYTES + 1)
  share[0] = 3
  const withZero = combineShares([...pair, share]) as Uint8Array
  const one = Uint8Array.from(share, (byte, index) => (index === 0 ? byte : 1))
  const withOne = combineShares([...pair, one]) as Uint8Array
  for (let index = 0; index < SECRET_BYTES; index++) {
    const weight = (withZero[index] ?? 0) ^ (withOne[index] ?? 0)
    share[index + 1] = divide((withZero[index] ?? 0) ^ (wanted[index] ?? 0), weight)
  }
  return share
}
