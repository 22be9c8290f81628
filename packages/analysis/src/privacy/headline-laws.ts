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
      gateway: { count: 2, oblivious: { answers: { slots: { bytes: 1_024, every: '100ms', classes: [32, 64, 128] } }, payment: 'tokens' } },
      relay: { count: 2, delay: { exponential: '2s' }, answerDelay: '2s' },
      issuer: 1,
    },
    { padding: { fixed: 8_192 }, salted: true, tokens: 8 },
  )

interface Claim {
  readonly about: string
  readonly metric: string
  readonly expected: number
  readonly interval: readonly [number, number]
}

/** What the real network's way leaves to see. */
const BARE: readonly Claim[] = [
  { about: 'traffic-class', metric: 'privacy.relay.traffic_class.auc', expected: 1, interval: [0.9, 1] },
  { about: 'prompt-length', metric: 'privacy.relay.prompt_length.success_rate', expected: 1, interval: [0.9, 1] },
  { about: 'sender-by-time', metric: 'privacy.links.timing.success_rate', expected: 1, interval: [0.9, 1] },
  { about: 'dictionary', metric: 'privacy.settlement.dictionary.success_rate', expected: 1, interval: [0.99, 1] },
  { about: 'answer-dictionary', metric: 'privacy.settlement.answer_dictionary.success_rate', expected: 1, interval: [0.99, 1] },
  { about: 'bytes', metric: 'privacy.cost.bytes_ratio', expected: 1, interval: [0.9, 1.2] },
]

/** What is left of it, and the price in bytes and time. */
const HARDENED: readonly Claim[] = [
  { about: 'traffic-class', metric: 'privacy.relay.traffic_class.auc', expected: 0.5, interval: [0.3, 0.7] },
  { about: 'prompt-length', metric: 'privacy.relay.prompt_length.success_rate', expected: 0.05, interval: [0, 0.15] },
  { about: 'sender-by-time', metric: 'privacy.links.timing.success_rate', expected: 0.15, interval: [0, 0.3] },
  { about: 'dictionary', metric: 'privacy.settlement.dictionary.success_rate', expected: 0, interval: [0, 0] },
  { about: 'answer-dictionary', metric: 'privacy.settlement.answer_dictionary.success_rate', expected: 0, interval: [0, 0] },
  { about: 'purchases', metric: 'privacy.gateway_issuer.purchases.success_rate', expected: 1 / 24, interval: [0, 0.2] },
  { about: 'bytes', metric: 'privacy.cost.bytes_ratio', expected: 4, interval: [1.5, 100] },
  { about: 'latency', metric: 'privacy.cost.ttft_ms_p50', expected: 4_000, interval: [2_000, 8_000] },
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
    run: (): LawResult => within(expected, metrics()[metric] ?? Number.NaN, interval),
  }))

function once<Value>(make: () => Value): () => Value {
  let value: { readonly made: Value } | undefined
  return () => {
    value ??= { made: make() }
    return value.made
  }
}
