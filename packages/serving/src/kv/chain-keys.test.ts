import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chainKeys } from './chain-keys.ts'

const space = { model: 'm', salt: 'tenant-1' }
const prompts = fc.array(fc.nat(9), { minLength: 8, maxLength: 40 })

test('names a block by all tokens before it', () => {
  fc.assert(
    fc.property(prompts, fc.nat(7), (tokens, changedAt) => {
      const changed = tokens.with(changedAt, 99)
      const [before, after] = [chainKeys(space, tokens, 4), chainKeys(space, changed, 4)]

      before.forEach((key, block) => {
        expect(key === after[block]).toBe((block + 1) * 4 <= changedAt)
      })
    }),
  )
})

test('shares nothing between tenants or models', () => {
  const tokens = Array.from({ length: 64 }, (_, index) => index)
  const keys = [space, { ...space, salt: 'tenant-2' }, { ...space, model: 'n' }].flatMap((namespace) => [
    ...chainKeys(namespace, tokens, 4),
  ])

  expect(new Set(keys).size).toBe(48)
})

test('has no collision among 200,000 blocks, and stays below the private names', () => {
  const keys = chainKeys(
    space,
    Float64Array.from({ length: 200_000 }, (_, index) => index % 7),
    1,
  )

  expect(new Set(keys).size).toBe(200_000)
  expect(keys.every((key) => Number.isSafeInteger(key) && key >= 0 && key < 2251799813685248 * 2)).toBe(true)
})
