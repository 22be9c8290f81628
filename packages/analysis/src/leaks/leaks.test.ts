import { type Random, randomFrom } from '@infermesh/kernel'
import type { NetworkEvent } from '@infermesh/protocol'
import type { NetworkRecord } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import type { ReceiptSighting } from '../observers/settlement.ts'
import { exponential } from '../privacy/draws.ts'
import { type LeakReport, leakMetrics, leaksOf } from './leaks.ts'

interface Settings {
  readonly random: Random
  readonly requests: number
  readonly perSecond: number
  /** Mean time at the relay, each way. */
  readonly holdMs: number
  readonly clients: number
  /** Bytes of request and answer by the lengths that they carry. */
  readonly sizeOf: (tokens: number) => number
  readonly salted?: boolean
}

const waitOf = (random: Random, mean: number): number => (mean === 0 ? 0 : exponential(random, 1 / mean))
/** Tokens of every prompt that the attacker has listed. */
const LISTED = 7
const MODELS = ['a/short@1.0', 'a/long@1.0'] as const

/** A trace of requests through one relay: nothing but what peers emit. */
function traceOf({ random, requests, perSecond, holdMs, clients, sizeOf, salted = false }: Settings): NetworkRecord[] {
  const records: Omit<NetworkRecord, 'seq'>[] = []
  const emit = (at: number, peer: string, event: NetworkEvent): void => void records.push({ at: Math.round(at), peer, event })
  let now = 0
  for (let number = 0; number < requests; number++) {
    now += waitOf(random, 1_000 / perSecond)
    const [sealed, requestId] = [`s${number}`, `r${number}`]
    const client = `client-${random.below(clients)}`
    const [model = '', promptTokens, tokens] = [
      MODELS[number % 2],
      50 + random.below(400),
      number % 2 === 0 ? 20 + random.below(20) : 80 + random.below(80),
    ]
    const heldMs = Math.round(waitOf(random, holdMs))
    const bytes = sizeOf(promptTokens)
    const [out, begun] = [now + heldMs, now + heldMs + 50]
    const back = begun + Math.round(waitOf(random, holdMs))
    emit(now, client, { type: 'requestSent', requestId, model, gateway: 'g', promptTokens, maxTokens: 200, maxCharge: 9, attempt: 1 })
    emit(now, client, { type: 'sealedSent', sealed, requestId, relay: 'relay-0', gateway: 'g', bytes, attempt: 1 })
    emit(now, 'relay-0', { type: 'relayReceived', sealed, client, gateway: 'g', bytes })
    emit(out, 'relay-0', { type: 'relayForwarded', sealed, gateway: 'g', bytes, heldMs })
    emit(out, 'gateway-0', { type: 'sealedOpened', sealed, relay: 'relay-0', bytes, requestId, model, promptTokens, maxTokens: 200 })
    emit(begun, 'gateway-0', { type: 'answerSealed', sealed, bytes: sizeOf(tokens), plainBytes: 4 * tokens, last: true })
    emit(back, 'relay-0', { type: 'relayAnswered', sealed, bytes: sizeOf(tokens), last: true })
    const envelope = JSON.stringify({
      requestId,
      hash: salted ? `salt${number}` : `phrase ${number % 7}`,
      answer: salted ? `salt${number}` : `answer to phrase ${number % 7}`,
      at: out + 10,
      promptTokens: LISTED,
      tokens,
      model,
    })
    const issued = { receipt: requestId, attempt: 1, from: 0, to: tokens, epoch: 0, operatorSeq: number, amount: tokens, maxCharge: 9 }
    emit(begun, 'operator-0', { type: 'receiptIssued', requestId, model, envelope, ...issued })
    emit(back, client, { type: 'requestEnded', requestId, model, outcome: 'ok', tokens, ttftMs: back - now, totalMs: back - now })
  }
  return records.sort((left, right) => left.at - right.at).map((record, seq) => ({ ...record, seq }))
}

function reportOf(settings: Settings): LeakReport {
  return leaksOf(traceOf(settings), {
    read: (envelope): ReceiptSighting => {
      const { requestId, hash, answer, at, promptTokens, tokens, model } = JSON.parse(envelope)
      const shared = { requestId, model, promptTokens, payer: 'g', gateway: 'g', operator: 'o', from: 0, to: tokens, amount: tokens }
      const answered = { outputHash: answer, outputTokens: tokens, seed: 1, weightsRoot: '' }
      return { ...shared, ...answered, bodyHash: hash, startedAt: at, endedAt: at }
    },
    dictionary: {
      prompts: Array.from({ length: 20 }, (_, number) => `phrase ${number}`),
      hash: (prompt) => prompt,
      lengthOf: () => LISTED,
      answerHash: (prompt) => `answer to ${prompt}`,
    },
    peerIdOf: (name) => name,
    tokenWorth: 1,
  })
}

const bare: Settings = {
  random: randomFrom('bare'),
  requests: 400,
  perSecond: 2,
  holdMs: 0,
  clients: 20,
  sizeOf: (tokens) => 100 + 4 * tokens,
}
const padded: Settings = { ...bare, random: randomFrom('padded'), holdMs: 5_000, perSecond: 4, sizeOf: () => 4_096, salted: true }

test('bare requests: every observer of sizes, times and hashes is right', () => {
  const metrics = leakMetrics(reportOf(bare))

  expect(metrics['privacy.relay.traffic_class.success_rate']).toBeGreaterThan(0.95)
  expect(metrics['privacy.relay.traffic_class.auc']).toBeGreaterThan(0.98)
  expect(metrics['privacy.relay.prompt_length.success_rate']).toBeGreaterThan(0.9)
  expect(metrics['privacy.links.timing.success_rate']).toBeGreaterThan(0.95)
  expect(metrics['privacy.links.round_trip.success_rate']).toBeGreaterThan(0.95)
  expect(metrics['privacy.settlement.dictionary.success_rate']).toBe(1)
  expect(metrics['privacy.settlement.answer_dictionary.success_rate']).toBe(1)
  expect(metrics['privacy.relay.chunk_sizes.success_rate']).toBeGreaterThan(0.9)
  expect(metrics['privacy.links.blending.bits.min']).toBe(0)
  expect(metrics['privacy.links.counting.success_rate']).toBe(1)
})

test('of sizes and times, the one that tells the model is named', () => {
  const bySizes = leakMetrics(reportOf(bare))
  const neither = leakMetrics(reportOf(padded))

  expect(bySizes['privacy.relay.sizes_alone.auc']).toBeGreaterThan(0.98)
  expect(bySizes['privacy.relay.times_alone.auc']).toBeLessThan(0.65)
  expect(neither['privacy.relay.sizes_alone.auc']).toBe(0.5)
  expect(bySizes['privacy.links.traffic_class.auc']).toBeGreaterThan(0.98)
  expect(neither['privacy.links.traffic_class.auc']).toBeLessThan(0.65)
})

test('with everything padded, held and salted they guess, but for what no seal can hide', () => {
  const metrics = leakMetrics(reportOf(padded))

  expect(metrics['privacy.relay.traffic_class.auc']).toBeLessThan(0.65)
  expect(metrics['privacy.relay.prompt_length.success_rate']).toBeLessThan(0.2)
  expect(metrics['privacy.links.timing.success_rate']).toBeLessThan(0.2)
  expect(metrics['privacy.links.timing.bits.p5']).toBeGreaterThan(2)
  expect(metrics['privacy.settlement.dictionary.success_rate']).toBe(0)
  expect(metrics['privacy.settlement.answer_dictionary.success_rate']).toBe(0)
  expect(metrics['privacy.relay.chunk_sizes.success_rate']).toBeLessThan(0.2)
  expect(metrics['privacy.relay.sender.success_rate']).toBe(1)
  expect(metrics['privacy.relay_gateway.sender_and_prompt.success_rate']).toBe(1)
})

test('the timing attack does as well as its law says: 1 of 1 + ρ, where ρ requests are held at a time', () => {
  const settings = { ...padded, random: randomFrom('law'), requests: 2_500, clients: 2_000, perSecond: 2, holdMs: 2_000 }
  const report = reportOf(settings)
  const metrics = leakMetrics(report)

  expect(report.heldAtRelays).toBeGreaterThan(3.5)
  expect(report.heldAtRelays).toBeLessThan(4.5)
  expect(Math.abs((metrics['privacy.links.timing.success_rate'] ?? 0) - 1 / (1 + report.heldAtRelays))).toBeLessThan(0.03)
  // The way back is a second look at the same pair.
  expect(metrics['privacy.links.round_trip.success_rate']).toBeGreaterThan(metrics['privacy.links.timing.success_rate'] ?? 1)
}, 30_000)
