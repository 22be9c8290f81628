import { expect, test } from 'vitest'
import { BadScenario } from './problems.ts'
import { resolveScenario } from './resolve.ts'

const small = {
  name: 'small',
  about: 'two operators',
  peers: { gateway: 1, operator: 2, owner: { role: 'operator' } },
  models: { 'open/summarizer@1.0': { public: { operators: ['operator'] } } },
  load: [{ client: 2, model: 'open/summarizer@1.0', rate: '4/s', from: '1s', until: '2s', prompt: '10 tokens', answer: '5 tokens' }],
}

const problemsIn = (input: unknown): readonly string[] => {
  try {
    resolveScenario(input)
  } catch (error) {
    if (error instanceof BadScenario) return error.message.split('\n')
    throw error
  }
  return []
}

test('a good scenario names every peer and has durations in milliseconds', () => {
  const scenario = resolveScenario({ ...small, faults: [{ at: '1.5s', crash: 'operator-1' }] })

  expect(scenario.peers.map((peer) => `${peer.name} ${peer.role}`)).toEqual([
    'gateway-0 gateway',
    'operator-0 operator',
    'operator-1 operator',
    'owner-0 operator',
  ])
  expect(scenario.faults).toEqual([{ at: 1_500, until: 3_000, kind: 'crash', peers: ['operator-1'] }])
})

test('a fidelity names peers, groups and clients, each once', () => {
  const { fidelity } = resolveScenario({ ...small, fidelity: { stack: ['operator', 'operator-1', 'client-0-1'], message: 'rest' } })

  expect(fidelity).toEqual({ stack: ['operator-0', 'operator-1', 'client-0-1'] })
  expect(resolveScenario(small)).not.toHaveProperty('fidelity')
})

test.each([
  ['an unknown key', { ...small, pers: 1 }, 'scenario pers: expected no such key here, found pers: 1'],
  ['a wrong type', { ...small, peers: { gateway: 'two' } }, 'scenario peers.gateway: expected a number or a mapping, found "two"'],
  ['an unknown role', { ...small, peers: { ...small.peers, cook: 1 } }, 'scenario peers.cook: expected a role'],
  [
    'a fault on an unknown peer',
    { ...small, faults: [{ at: '1s', crash: 'operator-2' }] },
    'faults.0.crash: expected a peer of this scenario (gateway-0, operator-0, operator-1, owner-0, client-0-0, client-0-1), found operator-2',
  ],
  [
    'a fault of an unknown kind',
    { ...small, faults: [{ at: '1s', melt: 'operator-0' }] },
    'faults.0: expected a fault: at, and one of crash, restart, pause, resume',
  ],
  [
    'a fault after the end',
    { ...small, until: '3s', faults: [{ at: '4s', crash: 'operator-0' }] },
    'faults.0.at: expected a time before the end at 3000 ms, found 4000 ms',
  ],
  [
    'a fault that heals after the end',
    { ...small, until: '3s', faults: [{ at: '2s', crash: 'operator-0', for: '2s' }] },
    'faults.0.for: expected at most 1000 ms, to heal before the end at 3000 ms, or `lasting: true`, found 2000 ms',
  ],
  ['load that begins at the end', { ...small, until: '1s' }, 'load.0.from: expected a time before the end at 1000 ms, found 1000 ms'],
  [
    'a model nobody serves',
    { ...small, models: { 'open/summarizer@1.0': { public: { operators: ['gateway'] } } } },
    'models.open/summarizer@1.0.public.operators.0: expected an operator of this scenario',
  ],
  [
    'load for an unknown model',
    { ...small, load: [{ ...small.load[0], model: 'open/other@1.0' }] },
    'load.0.model: expected a model of this scenario (open/summarizer@1.0), found open/other@1.0',
  ],
  [
    'an unknown metric',
    { ...small, expect: ['requests.succes_rate >= 1'] },
    'expect.0: expected a known metric; nearest: requests.success_rate',
  ],
  [
    'a duration without a unit',
    { ...small, load: [{ ...small.load[0], from: '5' }] },
    'load.0.from: expected a duration such as 40ms, 5s, 2m or 1h, found "5"',
  ],
])('%s is refused with its place, what was expected and what was found', (_, input, message) => {
  expect(problemsIn(input).some((line) => line.includes(message))).toBe(true)
})

test('every problem is told, not only the first', () => {
  expect(
    problemsIn({
      ...small,
      faults: [
        { at: '1s', crash: 'a' },
        { at: '1s', crash: 'b' },
      ],
    }),
  ).toHaveLength(2)
})
