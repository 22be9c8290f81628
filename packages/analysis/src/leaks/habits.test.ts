import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { ReceiptSighting } from '../observers/settlement.ts'
import type { FlowSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { exponential } from '../privacy/draws.ts'
import { habitLeaks } from './habits.ts'
import type { Leak } from './leak.ts'

const GATEWAYS = ['g0', 'g1', 'g2']
const MODELS = ['a/short@1.0', 'a/long@1.0']

interface Settings {
  readonly seed: string
  readonly heldMs: number
  readonly requests: number
  /** A gateway for each request, where each client otherwise keeps one. */
  readonly uniform?: boolean
  /** What the attacker is told of the flows' senders. */
  readonly shuffled?: boolean
}

/** Requests of 18 clients, three a second in all, and how well each attack finds whom they write to. */
function leaksIn({ seed, heldMs, requests, uniform = false, shuffled = false }: Settings): Readonly<Record<string, Leak>> {
  const random = randomFrom(seed)
  const flows: FlowSighting[] = []
  const truths: Truth[] = []
  const receipts = new Map<string, ReceiptSighting>()
  let now = 0
  for (let number = 0; number < requests; number++) {
    now += exponential(random, 3 / 1_000)
    const client = random.below(18)
    const end = `c${shuffled ? random.below(18) : client}`
    const [gateway = '', model = ''] = [GATEWAYS[uniform ? random.below(3) : client % 3], MODELS[client % 2]]
    const requestId = `r${number}`
    const startedAt = now + 20 + (heldMs === 0 ? 0 : exponential(random, 1 / heldMs))
    flows.push({ side: 'client', end, relay: 'relay-0', sentAt: now, bytes: 1, answer: [] })
    truths.push({ sealed: requestId, requestId, client: `c${client}`, model, promptTokens: 1, tokens: 1, charged: 1 })
    const rest = { payer: gateway, operator: 'o', bodyHash: '', promptTokens: 1, from: 0, to: 1, amount: 1, endedAt: startedAt }
    receipts.set(requestId, { requestId, gateway, model, startedAt, ...rest, outputHash: '', outputTokens: 1, seed: 1, weightsRoot: '' })
  }
  const leaks = habitLeaks({ flows, receipts, truths, peerIdOf: (name) => name, heldMs })
  return Object.fromEntries(leaks.map((leak) => [leak.attack, leak]))
}

test('who always asks the same, and is not held back, is found by every attack', () => {
  const found = leaksIn({ seed: 'bare', heldMs: 0, requests: 500 })

  for (const attack of ['statistical disclosure', 'intersection', 'hitting set']) {
    expect(found[attack]?.success, attack).toBeGreaterThan(0.9)
    expect(found[attack]?.auc, attack).toBeGreaterThan(0.95)
  }
  expect(found.intersection?.bitsMin).toBe(0)
})

test('delay alone only takes longer: the more rounds, the surer statistical disclosure is', () => {
  const success = (requests: number) => leaksIn({ seed: 'held', heldMs: 2_000, requests })['statistical disclosure']?.auc ?? 0

  expect(success(250)).toBeLessThan(0.9)
  expect(success(8_000)).toBeGreaterThan(success(250) + 0.05)
}, 30_000)

test('attacks that need every round are at a loss once rounds hold everything', () => {
  const found = leaksIn({ seed: 'held', heldMs: 10_000, requests: 2_000 })

  expect(found.intersection?.auc).toBeLessThan(0.6)
  expect(found['hitting set']?.auc).toBeLessThan(0.6)
})

test('a gateway drawn for each request leaves only the model to be found', () => {
  const bits = (uniform: boolean) =>
    leaksIn({ seed: 'uniform', heldMs: 0, requests: 1_500, uniform })['statistical disclosure']?.bitsP5 ?? 0

  expect(bits(true)).toBeGreaterThan(bits(false) + 0.5)
})

test('without knowing who sent when, there is nothing to find', () => {
  const found = leaksIn({ seed: 'shuffled', heldMs: 0, requests: 1_500, shuffled: true })

  expect(Math.abs((found['statistical disclosure']?.auc ?? 0) - 0.5)).toBeLessThan(0.15)
})
