import { describe, expect, test } from 'vitest'
import { profileNames, readProfile } from '../files/profile-file.ts'
import { emptyLoad } from '../time/step-time.ts'
import { engineOptionsFor } from './serving-setup.ts'

const profile = await readProfile('h100-llama-3.1-8b')

test('takes what fits on the GPU from the profile, and the rest from the words', () => {
  const options = engineOptionsFor({ profile, blockTokens: 64, policy: 'ttl:30', admission: '92%', tiers: ['host=8Mtok', 'disk=0.5Gtok'] })

  expect(options).toMatchObject({ blocks: 6_656, sessionShareMax: 0.92, queue: 'program', idle: { name: 'ttl-30000' } })
  expect(options.tiers).toMatchObject([
    { name: 'host', blocks: 125_000 },
    { name: 'disk', blocks: 7_812_500 },
  ])
})

test.each([
  [{ policy: 'magic' }, 'expected a policy, one of lru, drop'],
  [{ tiers: ['host=many'] }, 'expected a tier like host=8Mtok'],
  [{ tiers: ['tape=8Mtok'] }, 'one of host, disk, peer'],
  [{ tiers: ['host=3tok'] }, 'at least one block (16 tokens)'],
  [{ admission: 'maybe' }, 'expected "open" or a share of memory like 92%, got "maybe"'],
])('says what was expected for %j', (words, message) => {
  expect(() => engineOptionsFor({ profile, ...words })).toThrow(message)
})

describe('every profile', async () => {
  test.each(await profileNames())('%s costs more for more work', async (name) => {
    const { stepTime, blocks } = engineOptionsFor({ profile: await readProfile(name) })
    const decode = (count: number, context: number): number =>
      stepTime({ ...emptyLoad(), tokens: count, heads: count, decodes: count, decodeContext: count * context })
    const prefill = (tokens: number, context: number): number =>
      stepTime({ ...emptyLoad(), tokens, heads: 1, chunkTokens: [tokens], chunkContext: [context] })

    expect(decode(1, 1_000)).toBeGreaterThan(4)
    expect(decode(64, 1_000)).toBeGreaterThan(decode(1, 1_000))
    expect(decode(64, 4_000)).toBeGreaterThan(decode(64, 1_000))
    expect(prefill(4_096, 0)).toBeGreaterThan(1.8 * prefill(2_048, 0))
    expect(prefill(512, 30_000)).toBeGreaterThan(prefill(512, 0))
    expect(blocks).toBeGreaterThan(2_000)
  })
})

test('names the field of a profile that is not as it should be', async () => {
  await expect(readProfile('no-such-gpu')).rejects.toThrow('expected one of the profiles a100-llama-3-8b')
})
