import { resolveScenario, type Scenario } from '@infermesh/scenario'

const quick = { lease: { ttl: '3s', renewEvery: '1s', quorum: 2 } }

/** A small network that serves a public and a private model; without settlers unless asked for, which makes it quick. */
export const smallNetwork = (faults: readonly unknown[], changes: Readonly<Record<string, unknown>> = {}): Scenario =>
  resolveScenario({
    name: 'faults',
    about: 'a small network for tests of faults',
    seed: 1,
    network: { latency: '20ms' },
    parameters: quick,
    peers: { gateway: 2, operator: 2, owner: { role: 'operator' }, standby: { role: 'operator' }, hub: 1, grantor: 3 },
    models: {
      'open/summarizer@1.2': { public: { operators: ['operator'] }, weights: { bytes: 16384 } },
      'acme/contract-risk@1.0': { private: { owner: 'owner-0', standbys: [{ 'standby-0': 'hot' }] }, weights: { bytes: 16384 } },
    },
    load: [
      { client: 2, model: 'open/summarizer@1.2', rate: '4/s', from: '4s', until: '20s', prompt: '50 tokens', answer: '40 tokens' },
      { client: 2, model: 'acme/contract-risk@1.0', rate: '4/s', from: '4s', until: '20s', prompt: '50 tokens', answer: '40 tokens' },
    ],
    faults,
    ...changes,
  })
