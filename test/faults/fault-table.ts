import { resolveScenario, type Scenario } from '@infermesh/scenario'

const model = 'open/summarizer@1.2'

/** Every fault there is, close together in one small network; those at one time are on different peers. */
const faults: readonly Readonly<Record<string, unknown>>[] = [
  { at: '2s', delay: '80ms', on: ['gateway', 'operator'], for: '600ms' },
  { at: '2800ms', jitter: '40ms', on: ['gateway', 'operator'], for: '600ms' },
  { at: '3600ms', loss: '20%', for: '600ms' },
  { at: '4400ms', loss: '10%', burst: 4, for: '600ms' },
  { at: '5200ms', bandwidth: '1Mbit', on: 'gateway-0', for: '600ms' },
  { at: '6s', partition: [['gateway-0'], ['operator']], for: '600ms' },
  { at: '6800ms', partition: [['gateway-1']], oneWay: true, mode: 'cut', for: '600ms' },
  { at: '7600ms', reorder: '20%', for: '1500ms' },
  { at: '7600ms', duplicate: '20%', for: '1500ms' },
  { at: '8s', reset: '3%', for: '1s' },
  { at: '7600ms', lie: 'eclipse', by: 'operator-0', victim: 'owner-0', for: '1500ms' },
  { at: '2s', clock: 'hub-0', drift: '10000ppm', for: '6s' },
  { at: '2s', clock: 'gateway-1', offset: '2s', for: '1500ms' },
  { at: '2s', disk: 'slow', by: '25ms', on: 'operator', for: '1400ms' },
  { at: '4s', disk: 'lossy', on: 'operator-0', for: '1500ms' },
  { at: '3600ms', disk: 'full', on: 'operator-1', for: '2s' },
  { at: '8800ms', disk: 'torn', on: 'operator-0', for: '2s' },
  { at: '3s', crash: 'grantor-0', for: '500ms' },
  { at: '3s', crash: 'grantor-1', afterEffects: 3, for: '3s' },
  { at: '4s', pause: 'grantor-2', for: '500ms' },
  { at: '5s', pause: 'grantor-0', lasting: true },
  { at: '6s', resume: 'grantor-0' },
  { at: '7s', restart: 'grantor-2', wipe: true },
  { at: '7500ms', churn: ['grantor-0', 'grantor-1'], rate: '60/m', down: '300ms', for: '2s' },
  { at: '8500ms', overload: model, rate: '10/s', for: '1s' },
]

export const faultTable = (): Scenario =>
  resolveScenario({
    name: 'every-fault',
    about: 'each kind of fault once',
    seed: 1,
    network: { latency: { median: '20ms', p99: '60ms' }, loss: '0.1%' },
    parameters: { lease: { ttl: '3s', renewEvery: '1s', quorum: 2 } },
    peers: { gateway: 2, operator: 2, owner: { role: 'operator' }, hub: 1, grantor: 3 },
    models: {
      [model]: { public: { operators: ['operator'] }, weights: { bytes: 16384 } },
      'acme/contract-risk@1.0': { private: { owner: 'owner-0', standbys: [] }, weights: { bytes: 16384 } },
    },
    load: [
      { client: 2, model, rate: '8/s', from: '1s', until: '10s', prompt: '50 tokens', answer: '30 tokens', deadline: '3s' },
      {
        client: 1,
        model: 'acme/contract-risk@1.0',
        rate: '2/s',
        from: '1s',
        until: '10s',
        prompt: '50 tokens',
        answer: '30 tokens',
        deadline: '3s',
      },
    ],
    faults,
    until: '12s',
  })
