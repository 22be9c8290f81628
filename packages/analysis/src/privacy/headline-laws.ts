import { resolveScenario, type Scenario, type ScenarioInput, scenario } from '@infermesh/scenario'
import { type Law, type LawResult, within } from '../laws/law.ts'

/** Runs a scenario where runs are virtual and gives the metrics of what observers learned: `privacy.<observer>.<attack>.<measure>`. */
export type LeakRunner = (scenario: Scenario) => Readonly<Record<string, number>>

type Groups = ScenarioInput['peers']
type Oblivious = NonNullable<NonNullable<ScenarioInput['load']>[number]['oblivious']>

/** Two models of unlike length and price, asked by clients who keep to one of them. */
function network(name: string, peers: Groups, oblivious: Oblivious): Scenario {
  const shared = { rate: '3/s', from: '6s', until: '26s', prompt: { median: '200 tokens', p99: '900 tokens' }, phrases: 300, oblivious }
  const weights = { bytes: 4_096 }
  return resolveScenario(
    scenario({
      ...{ name, about: 'Sealed requests, as an experiment of its own.', seed: 11 },
      network: { latency: { median: '20ms', p99: '60ms' } },
      parameters: { audit: { ratePerMille: 0 }, settlement: { challengeWindow: '5s', batch: { size: 20, idle: '2s', maxAge: '5s' } } },
      peers: { operator: { count: 3, profile: 'h100-8b' }, hub: 1, settler: 4, ...peers },
      models: {
        'open/summarizer@1.2': { public: { operators: ['operator'] }, weights },
        'open/advisor@2.0': { public: { operators: ['operator'] }, weights, price: { prompt: 500_000, answer: 4_000_000 } },
      },
      load: [
        { ...shared, client: 12, model: 'open/summarizer@1.2', answer: { median: '60 tokens', p99: '200 tokens' } },
        { ...shared, client: 12, model: 'open/advisor@2.0', answer: { median: '90 tokens', p99: '240 tokens' } },
      ],
    }),
  )
}

const baseline = (): Scenario =>
  network(
    'oblivious-baseline',
    { gateway: { count: 2, oblivious: { answers: 'events', payment: 'account' } }, relay: { count: 2, delay: 'none' } },
    { gateways: 'sticky' },
  )

const hardened = (): Scenario =>
  network(
    'oblivious-hardened',
    {
      gateway: {
        count: 2,
        oblivious: { answers: { slots: { bytes: SLOT, every: '100ms', classes: [SLOTS, 2 * SLOTS] } }, payment: 'tokens' },
      },
      relay: { count: 2, delay: { exponential: '2s' }, answerDelay: '2s' },
      issuer: 1,
    },
    { padding: { fixed: PADDED }, salted: true, tokens: 8, cover: { substituting: '60/m' } },
  )

type Metrics = Readonly<Record<string, number>>

interface Claim {
  readonly about: string
  readonly metric: string
  readonly expected: number | ((metrics: Metrics) => number)
  /** In parts of the expected value where that is worked out from the run. */
  readonly interval: readonly [number, number]
}

/** Bytes of a padded question, of a slot, and how many of those the shortest class of answers has. */
const PADDED = 8_192
const SLOT = 512
const SLOTS = 32
/** On the wire: header and encapsulated key, the question in one chunk, the final one; the nonce, the slots, the final one. */
const EXCHANGE_BYTES = 39 + (2 + PADDED + 16) + 17 + 16 + SLOTS * (2 + SLOT + 16) + 17

/** Every exchange, cover too, is one seal out and all slots back, and so many bytes. */
const exchangeBytes = (metrics: Metrics): number => ((metrics['privacy.cost.seals_per_request'] ?? 0) / (1 + SLOTS)) * EXCHANGE_BYTES

/** What the real network's way leaves to see. */
const BARE: readonly Claim[] = [
  { about: 'traffic-class', metric: 'privacy.relay.traffic_class.auc', expected: 1, interval: [0.9, 1] },
  { about: 'prompt-length', metric: 'privacy.relay.prompt_length.success_rate', expected: 1, interval: [0.9, 1] },
  { about: 'sender-by-time', metric: 'privacy.links.timing.success_rate', expected: 1, interval: [0.9, 1] },
  { about: 'dictionary', metric: 'privacy.settlement.dictionary.success_rate', expected: 1, interval: [0.99, 1] },
  { about: 'answer-dictionary', metric: 'privacy.settlement.answer_dictionary.success_rate', expected: 1, interval: [0.99, 1] },
  { about: 'how-often', metric: 'privacy.links.counting.success_rate', expected: 1, interval: [1, 1] },
  { about: 'bytes', metric: 'privacy.cost.bytes_ratio', expected: 1, interval: [0.9, 1.2] },
]

/** What is left of it, and the price in bytes and time. */
const HARDENED: readonly Claim[] = [
  { about: 'traffic-class', metric: 'privacy.relay.traffic_class.auc', expected: 0.5, interval: [0.3, 0.7] },
  { about: 'prompt-length', metric: 'privacy.relay.prompt_length.success_rate', expected: 0.05, interval: [0, 0.15] },
  // 1/(1+ρ) with 24 messages held at each relay, and one of 24 senders where that misses.
  { about: 'sender-by-time', metric: 'privacy.links.timing.success_rate', expected: 0.08, interval: [0, 0.17] },
  { about: 'dictionary', metric: 'privacy.settlement.dictionary.success_rate', expected: 0, interval: [0, 0] },
  { about: 'answer-dictionary', metric: 'privacy.settlement.answer_dictionary.success_rate', expected: 0, interval: [0, 0] },
  { about: 'purchases', metric: 'privacy.gateway_issuer.purchases.success_rate', expected: 1 / 24, interval: [0, 0.2] },
  { about: 'purchase-times', metric: 'privacy.gateway_issuer.purchase_times.success_rate', expected: 1 / 24, interval: [0, 0.2] },
  { about: 'how-often', metric: 'privacy.links.counting.success_rate', expected: 0.1, interval: [0, 0.5] },
  // Those on their way at the end have not had all their slots.
  { about: 'bytes', metric: 'privacy.cost.bytes_per_request', expected: exchangeBytes, interval: [0.95, 1.05] },
  // Median of a turn's wait, 1/(λ_slot − λ_real) on average, two exponential delays of 2 s, a step of the pace and the work itself.
  { about: 'latency', metric: 'privacy.cost.ttft_ms_p50', expected: 5_000, interval: [3_900, 6_100] },
]

/** The whole way, unprotected and with every countermeasure, on real peers: one run each, judged by several laws. */
export function headlineLaws(run: LeakRunner): readonly Law[] {
  return [
    ...claimsOf(
      'baseline',
      BARE,
      once(() => run(baseline())),
    ),
    ...claimsOf(
      'hardened',
      HARDENED,
      once(() => run(hardened())),
    ),
  ]
}

const claimsOf = (side: string, claims: readonly Claim[], metrics: () => Readonly<Record<string, number>>): readonly Law[] =>
  claims.map(({ about, metric, expected, interval }) => ({
    name: `privacy.headline.${side}.${about}`,
    source: `${metric} of a run of sealed requests, ${side === 'baseline' ? 'as the real network sends them' : 'with every countermeasure'}`,
    run: (): LawResult => {
      const measured = metrics()[metric] ?? Number.NaN
      if (typeof expected === 'number') return within(expected, measured, interval)
      const worked = expected(metrics())
      return within(worked, measured, [worked * interval[0], worked * interval[1]])
    },
  }))

function once<Value>(make: () => Value): () => Value {
  let value: { readonly made: Value } | undefined
  return () => {
    value ??= { made: make() }
    return value.made
  }
}
