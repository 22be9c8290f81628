import {
  flowSightings,
  gatewaySightings,
  operatorSightings,
  type ReceiptSighting,
  relaySightings,
  saleSightings,
  settlementSightings,
} from '@infermesh/analysis'
import { fromHex, openAs, type SealingContext } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ObliviousWorldOptions, obliviousWorld } from '../../packages/peers/test-support/oblivious-world.ts'
import { published } from '../../packages/peers/test-support/serving-world.ts'
import { smallNetwork } from '../../packages/peers/test-support/small-network.ts'

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

const CLIENTS = ['client-0', 'client-1', 'client-2']
const orders = fc.shuffledSubarray(CLIENTS, { minLength: 3 })

/** The same requests at the same times, asked by clients in either order. One relay, whose choice each client would draw for itself. */
function runsOf(texts: readonly string[], order: readonly string[], options: ObliviousWorldOptions) {
  return [CLIENTS, order].map((clients) =>
    runOf(
      texts.map((prompt, index) => ({ prompt, client: clients[index] ?? 'client-0' })),
      { ...options, relays: 1 },
    ),
  )
}

test('a gateway, and the host of a model, see the same, whichever client asks', () => {
  const billed = { ...bare, client: { padding: { kind: 'fixed', size: 2048 } } } as const
  fc.assert(
    fc.property(prompts, orders, fc.constantFrom(billed, hardened), (texts, order, options) => {
      const [left = [], right = []] = runsOf(texts, order, options)

      expect(viewOf(gatewaySightings(right))).toEqual(viewOf(gatewaySightings(left)))
      expect(viewOf(operatorSightings(right))).toEqual(viewOf(operatorSightings(left)))
    }),
    { numRuns: 8 },
  )
})

test('a reader of the log sees the same receipts, whichever client asks, and of salted prompts no two hashes alike', () => {
  fc.assert(
    fc.property(prompts, orders, (texts, order) => {
      const [left = [], right = []] = runsOf(texts, order, hardened).map((records) => [
        ...settlementSightings(records, readReceipt).values(),
      ])
      const hashes = left.map(({ bodyHash }) => bodyHash)

      expect(right.map(withoutDraws)).toEqual(left.map(withoutDraws))
      expect(new Set(hashes).size).toBe(hashes.length)
    }),
    { numRuns: 4 },
  )
})

test('an issuer sees the same purchases, whatever is asked', () => {
  fc.assert(
    fc.property(prompts, fc.string({ minLength: 1, maxLength: 400 }), (first, other) => {
      const [left = [], right = []] = [first, first.map(() => other)].map((texts) =>
        saleSightings(
          runOf(
            texts.map((prompt) => ({ prompt })),
            hardened,
          ),
        ),
      )

      expect(left.length).toBeGreaterThan(0)
      expect(right).toEqual(left)
    }),
    { numRuns: 4 },
  )
})

const context: SealingContext = { networkId: smallNetwork({}).genesis.networkId, crypto: { ...nodeCryptography, verify: () => true } }

function readReceipt(envelope: string): ReceiptSighting {
  const { payload, signer } = openAs('receipt', fromHex(envelope), context)
  return {
    ...payload,
    outputTokens: payload.to - payload.from,
    operator: signer,
    payer: openAs('request', payload.request, context).signer,
    gateway: openAs('dispatch', payload.dispatch, context).signer,
  }
}

/** Without what a client draws anew for each request: nonce and salt, and the hashes over them. */
const withoutDraws = ({ payer, gateway, operator, model, promptTokens, from, to, amount, startedAt, endedAt }: ReceiptSighting) => ({
  ...{ payer, gateway, operator, model, promptTokens, from, to, amount, startedAt, endedAt },
})

/** What an observer has: the sightings, without the bytes that name them to the judge. */
const viewOf = <Sighting>(sightings: ReadonlyMap<string, Sighting>): readonly Sighting[] => [...sightings.values()]
