import { flowSightings, gatewaySightings, relaySightings } from '@infermesh/analysis'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ObliviousWorldOptions, obliviousWorld } from '../../packages/peers/test-support/oblivious-world.ts'
import { published } from '../../packages/peers/test-support/serving-world.ts'

const hardened: ObliviousWorldOptions = {
  client: { padding: { kind: 'fixed', size: 2048 }, salted: true, tokens: { lot: 4, answerTokens: 128, promptTokens: 1024, worth: 1_000 } },
  gateway: { answers: { kind: 'slots', bytes: 1024, every: 50, classes: [32, 64] }, payment: 'tokens' },
  relay: { delay: { kind: 'exponential', mean: 200 }, answerDelay: 200 },
}
const bare: ObliviousWorldOptions = {}

interface Asked {
  readonly prompt: string
  readonly client?: string
}

/** The run of some requests, half a second apart. */
function runOf(asked: readonly Asked[], options: ObliviousWorldOptions) {
  const run = obliviousWorld({ clients: 3, ...options })
  asked.forEach(({ prompt, client }, index) => {
    run.submit({ model: published.model, prompt, maxTokens: 30, seed: 1 }, client)
    run.world.run(4_000 + 500 * (index + 1))
  })
  run.world.run(25_000)
  expect(run.events('requestEnded').map(({ outcome }) => outcome)).toEqual(asked.map(() => 'ok'))
  return run.records
}

const prompts = fc.array(fc.string({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 3 })

test('a relay, and a watcher of links, see the same of any two prompts of one padded length', () => {
  fc.assert(
    fc.property(prompts, fc.string({ minLength: 1, maxLength: 400 }), (first, other) => {
      const [left, right] = [first, first.map(() => other)].map((texts) =>
        runOf(
          texts.map((prompt) => ({ prompt })),
          hardened,
        ),
      )

      expect(viewOf(relaySightings(right ?? []))).toEqual(viewOf(relaySightings(left ?? [])))
      for (const side of ['client', 'gateway'] as const) {
        expect(viewOf(flowSightings(right ?? [])[side])).toEqual(viewOf(flowSightings(left ?? [])[side]))
      }
    }),
    { numRuns: 6 },
  )
})

test('without padding, they see the difference', () => {
  const [short, long] = ['a', 'a'.repeat(100)].map((prompt) => viewOf(relaySightings(runOf([{ prompt }], bare))))

  expect(short).not.toEqual(long)
})

test('a gateway sees the same, whichever client asks', () => {
  fc.assert(
    fc.property(prompts, fc.shuffledSubarray(['client-0', 'client-1', 'client-2'], { minLength: 3 }), (texts, order) => {
      const asked = (clients: readonly string[]) => texts.map((prompt, index) => ({ prompt, client: clients[index] ?? 'client-0' }))
      // Who buys tokens, and who keeps its relay, is drawn by each client for itself: one relay, and a bill, leave the requests alone.
      const options = { ...bare, relays: 1, client: { padding: { kind: 'fixed', size: 2048 } } } as const
      const [left, right] = [['client-0', 'client-1', 'client-2'], order].map((clients) => gatewaySightings(runOf(asked(clients), options)))

      expect(viewOf(right ?? new Map())).toEqual(viewOf(left ?? new Map()))
    }),
    { numRuns: 6 },
  )
})

/** What an observer has: the sightings, without the bytes that name them to the judge. */
const viewOf = <Sighting>(sightings: ReadonlyMap<string, Sighting>): readonly Sighting[] => [...sightings.values()]
