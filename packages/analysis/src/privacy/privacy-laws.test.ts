import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { Law } from '../laws/law.ts'
import { additiveCover, tokenLengths } from './cover-laws.ts'
import { disclosure, intersection } from './disclosure-laws.ts'
import { exponential, poisson } from './draws.ts'
import { blending, mixEntropy, mixHit, poolMix, threeHops, timedBatch } from './mix-laws.ts'
import { privacyLaws } from './privacy-laws.ts'

test.each(privacyLaws.map((law) => [law.name, law] as const))('%s holds', (_, law) => {
  const result = law.run(randomFrom(law.name))

  expect(result, JSON.stringify(result)).toMatchObject({ held: true })
})

const planted: readonly (readonly [string, Law])[] = [
  ['a mix with a shorter delay', mixEntropy(10, (random) => exponential(random, 1.2))],
  ['a mix with a constant delay', mixHit(10, () => 1)],
  ['a mix that holds less', blending(10, (random) => exponential(random, 1.2))],
  ['two hops without delay', threeHops(10, [(random) => exponential(random, 1)])],
  ['batches of another size', timedBatch(10, (random, mean) => poisson(random, mean * 0.9))],
  ['a pool that keeps too few', poolMix(20, 80, 60)],
  ['peers that are less often there', intersection(1000, 0.5, { trials: 1500, actual: 0.45 })],
  ['a third of the rounds', disclosure({ receivers: 1000, contacts: 20, batch: 20, deviations: 2 }, 0.3)],
  [
    'half of the real messages',
    additiveCover({ cover: 1, real: 0.1, time: 400 }, (random, mean) => poisson(random, mean > 420 ? mean - 20 : mean)),
  ],
  [
    'padding that is not there',
    tokenLengths({ name: 'pad-64', batch: 1, pad: 64, fixed: 0 }, { name: 'none', batch: 1, pad: 0, fixed: 0 }),
  ],
]

test.each(planted)('a law fails for %s', (_, law) => {
  const result = law.run(randomFrom(law.name))

  expect(result, JSON.stringify(result)).toMatchObject({ held: false })
})

test('an equal seed gives an equal result', () => {
  const law = mixEntropy(2)

  expect(law.run(randomFrom(3))).toEqual(law.run(randomFrom(3)))
  expect(law.run(randomFrom(3)).measured).not.toBe(law.run(randomFrom(4)).measured)
})
