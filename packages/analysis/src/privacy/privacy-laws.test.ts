import { randomFrom } from '@infermesh/kernel'
import { type HpkePrimitives, sizedPrimitives } from '@infermesh/protocol/oblivious'
import { expect, test } from 'vitest'
import type { Law } from '../laws/law.ts'
import { noiseBudget } from './budget-laws.ts'
import { additiveCover, substitutingWait, tokenLengths } from './cover-laws.ts'
import { disclosure, intersection } from './disclosure-laws.ts'
import { exponential, poisson } from './draws.ts'
import { headlineLaws } from './headline-laws.ts'
import { blending, mixEntropy, mixHit, poolMix, threeHops, timedBatch } from './mix-laws.ts'
import { privacyLaws } from './privacy-laws.ts'
import { equalLengths, paddingEntropy, replayState } from './sealing-laws.ts'
import { asItIs, slotsEndIt, treatment } from './stream-laws.ts'

test.each(privacyLaws.map((law) => [law.name, law] as const))('%s holds', (_, law) => {
  const result = law.run(randomFrom(law.name))

  expect(result, JSON.stringify(result)).toMatchObject({ held: true })
})

const longer: HpkePrimitives = {
  ...sizedPrimitives,
  seal: (key, plain) => Uint8Array.of(...sizedPrimitives.seal(key, plain), 0),
  open: (key, sealed) => sizedPrimitives.open(key, sealed.subarray(0, -1)),
}
const NOISE = { mean: 150_000, scale: 7_300, rounds: 70_000 }
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
  ['turns that come less often', substitutingWait({ turns: 0.5, real: 0.2 }, (turns) => 0.95 * turns)],
  [
    'padding that is not there',
    tokenLengths({ name: 'pad-64', batch: 1, pad: 64, fixed: 0 }, { name: 'none', batch: 1, pad: 0, fixed: 0 }),
  ],
  ['stand-ins of other lengths', equalLengths(longer)],
  ['finer classes than published', paddingEntropy('multiple-64', 5.85, { kind: 'multiple', of: 32 })],
  ['a window that forgets too early', replayState(100, (window, now) => window.size(now + 30_000))],
  ['less noise than published', noiseBudget(NOISE, 2.05, { ...NOISE, scale: 7_000 })],
  ['a treatment that does nothing', treatment('pad-64', asItIs, 0.046)],
  ['slots that are not there', slotsEndIt(asItIs)],
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

test('the headline runs each network once, and fails for one whose countermeasures do nothing', () => {
  const runs: string[] = []
  const bare = {
    'privacy.relay.traffic_class.auc': 1,
    'privacy.relay.prompt_length.success_rate': 1,
    'privacy.links.timing.success_rate': 1,
    'privacy.settlement.dictionary.success_rate': 1,
    'privacy.settlement.answer_dictionary.success_rate': 1,
    'privacy.gateway_issuer.purchases.success_rate': 1,
    'privacy.gateway_issuer.purchase_times.success_rate': 1,
    'privacy.links.counting.success_rate': 1,
    'privacy.cost.bytes_ratio': 1,
    'privacy.cost.bytes_per_request': 3_000,
    'privacy.cost.seals_per_request': 33,
    'privacy.cost.ttft_ms_p50': 100,
  }
  const laws = headlineLaws(({ name }) => {
    runs.push(name)
    return bare
  })
  const held = laws.map((law) => [law.name.split('.')[2], law.run(randomFrom(1)).held])

  expect(runs).toEqual(['oblivious-baseline', 'oblivious-hardened'])
  expect(held.every(([side, isHeld]) => isHeld === (side === 'baseline'))).toBe(true)
})
