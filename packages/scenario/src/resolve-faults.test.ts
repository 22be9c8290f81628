import { describe, expect, test } from 'vitest'
import { timelineOf } from './plan/timeline.ts'
import { BadScenario } from './problems.ts'
import { resolveScenario, type Scenario } from './resolve.ts'
import { faultText } from './schema/faults/resolved.ts'

const base = {
  name: 'small',
  about: 'two operators',
  peers: { gateway: 1, operator: 3, grantor: 2, settler: 1, verifier: 1 },
  models: { 'open/summarizer@1.0': { public: { operators: ['operator'] } } },
  load: [{ client: 2, model: 'open/summarizer@1.0', rate: '4/s', from: '1s', until: '20s', prompt: '10 tokens', answer: '5 tokens' }],
}

const withFaults = (...faults: unknown[]): Scenario => resolveScenario({ ...base, faults })

const problemsIn = (...faults: unknown[]): string => {
  try {
    withFaults(...faults)
  } catch (error) {
    if (error instanceof BadScenario) return error.message
    throw error
  }
  return ''
}

describe('selectors', () => {
  test('a peer, a group and a list of both stand for peers, each once', () => {
    const [one, group, list] = withFaults(
      { at: '1s', crash: 'operator-1' },
      { at: '1s', crash: 'operator' },
      { at: '1s', crash: ['operator-2', 'operator', 'gateway-0'] },
    ).faults

    expect(one).toMatchObject({ peers: ['operator-1'] })
    expect(group).toMatchObject({ peers: ['operator-0', 'operator-1', 'operator-2'] })
    expect(list).toMatchObject({ peers: ['operator-2', 'operator-0', 'operator-1', 'gateway-0'] })
  })

  test('clients are named by their load entry', () => {
    expect(withFaults({ at: '1s', delay: '5ms', on: 'client-0' }).faults[0]).toMatchObject({
      links: { type: 'touching', peers: ['client-0-0', 'client-0-1'] },
    })
  })

  test('links are every link, those of one end, or those between two', () => {
    const [all, touching, between] = withFaults(
      { at: '1s', loss: '5%' },
      { at: '1s', loss: '5%', on: 'operator' },
      { at: '1s', loss: '5%', on: ['gateway', ['operator-0', 'grantor']], oneWay: true },
    ).faults

    expect(all).toMatchObject({ links: { type: 'all' } })
    expect(touching).toMatchObject({ links: { type: 'touching', peers: ['operator-0', 'operator-1', 'operator-2'] } })
    expect(between).toMatchObject({
      links: { type: 'between', left: ['gateway-0'], right: ['operator-0', 'grantor-0', 'grantor-1'], oneWay: true },
    })
  })
})

describe('when a fault ends', () => {
  test('after its own time, or one second after all load and all faults, or never', () => {
    const faults = withFaults(
      { at: '2s', crash: 'operator-0', for: '3s' },
      { at: '2s', crash: 'operator-1' },
      { at: '2s', crash: 'operator-2', lasting: true },
    ).faults

    expect(faults.map(({ until }) => until)).toEqual([5_000, 21_000, undefined])
  })

  test('before the end of the run, whatever the load', () => {
    const scenario = resolveScenario({ ...base, until: '10s', faults: [{ at: '2s', crash: 'operator-0' }] })

    expect(scenario.faults[0]?.until).toBe(9_000)
  })

  test('with the restart or the resume that the scenario has for it', () => {
    const faults = withFaults(
      { at: '2s', crash: 'operator-0' },
      { at: '9s', restart: 'operator-0' },
      { at: '2s', pause: 'gateway-0' },
      { at: '3s', resume: 'gateway-0' },
    ).faults

    expect(faults.map(({ until }) => until)).toEqual([undefined, undefined, undefined, undefined])
  })
})

test.each([
  [
    { at: '1s', partition: [['operator-0'], ['grantor']], for: '2s' },
    { kind: 'partition', groups: [['operator-0'], ['grantor-0', 'grantor-1']], mode: 'jam', oneWay: false },
  ],
  [
    { at: '1s', delay: '80ms', jitter: '20ms', on: 'gateway-0' },
    { kind: 'delay', by: 80, jitter: 20 },
  ],
  [
    { at: '1s', jitter: '20ms' },
    { kind: 'jitter', by: 0, jitter: 20 },
  ],
  [
    { at: '1s', loss: '5%', burst: 4 },
    { kind: 'loss', share: 0.05, burst: 4 },
  ],
  [
    { at: '1s', reorder: '10%', within: '90ms' },
    { kind: 'reorder', share: 0.1, within: 90 },
  ],
  [
    { at: '1s', duplicate: '10%' },
    { kind: 'duplicate', share: 0.1, within: 50 },
  ],
  [
    { at: '1s', reset: '2%' },
    { kind: 'reset', share: 0.02 },
  ],
  [
    { at: '1s', bandwidth: '10Mbit', on: 'gateway' },
    { kind: 'bandwidth', peers: ['gateway-0'], bitsPerSecond: 10_000_000 },
  ],
  [
    { at: '1s', clock: 'grantor-0', offset: '-1.5s', drift: '-300ppm' },
    { kind: 'clock', peers: ['grantor-0'], offset: -1_500, driftPpm: -300 },
  ],
  [
    { at: '1s', disk: 'slow', by: '20ms', on: 'settler-0' },
    { kind: 'disk', trouble: 'slow', by: 20, peers: ['settler-0'] },
  ],
  [
    { at: '1s', churn: 'operator', rate: '6/m' },
    { kind: 'churn', perSecond: 0.1, down: 5_000 },
  ],
  [
    { at: '1s', overload: 'open/summarizer@1.0', rate: '50/s' },
    { kind: 'overload', perSecond: 50, prompt: { kind: 'fixed', count: 10 } },
  ],
  [
    { lie: 'model-swap', by: 'operator-0', share: '50%' },
    { kind: 'lie', lie: 'model-swap', at: 0, options: { share: 0.5, victims: [] } },
  ],
])('%j is understood', (written, resolved) => {
  const [fault] = withFaults(written).faults

  expect(fault).toMatchObject(resolved)
  expect(fault && faultText(fault)).not.toContain('undefined')
})

test.each([
  ['an option of another kind', { at: '1s', crash: 'operator-0', by: '5ms' }, 'faults.0.by: expected no such key here, found by: "5ms"'],
  ['a delay without a unit', { at: '1s', delay: '80' }, 'faults.0.delay: expected a duration such as 40ms, 5s, 2m or 1h, found "80"'],
  ['a slow disk without its slowness', { at: '1s', disk: 'slow', on: 'operator' }, 'expected `by` with a slow disk, and with no other'],
  ['an unknown trouble', { at: '1s', disk: 'wet', on: 'operator' }, 'faults.0.disk: expected one of full, slow, torn, lossy, found "wet"'],
  ['a clock without an error', { at: '1s', clock: 'operator-0' }, 'faults.0: expected an offset, a drift or both'],
  ['an unknown lie', { lie: 'sulking', by: 'operator-0' }, 'faults.0.lie: expected one of lazy-operator, model-swap'],
  [
    'a censor without a victim',
    { lie: 'censoring-settler', by: 'settler-0' },
    'faults.0.victim: expected whom the censoring-settler is about, found nobody',
  ],
  [
    'a peer in two groups',
    { at: '1s', partition: [['operator-0'], ['operator']] },
    'faults.0.partition.1: expected each peer in one group only, found operator-0',
  ],
  ['a stranger in a partition', { at: '1s', partition: [['nobody-3']] }, 'faults.0.partition.0: expected a peer of this scenario'],
  ['one way without two ends', { at: '1s', loss: '5%', oneWay: true }, 'faults.0.oneWay: expected `on` with two ends, found one way'],
  [
    'an overload nobody asks for',
    { at: '1s', overload: 'open/other@1.0', rate: '5/s' },
    'faults.0.overload: expected a model that has a load entry',
  ],
  [
    'a length and none',
    { at: '1s', crash: 'operator-0', for: '1s', lasting: true },
    'faults.0.lasting: expected either `for` or `lasting`, found both',
  ],
  ['no kind at all', { at: '1s' }, 'faults.0: expected a fault: at, and one of crash, restart'],
])('%s is refused with its place', (_what, fault, message) => {
  expect(problemsIn(fault)).toContain(message)
})

test('churn is crashes at random moments with their returns, the same for one seed', () => {
  const churn = { at: '2s', churn: 'operator', rate: '1/s', down: '1s', for: '10s' }

  const crashes = timelineOf(withFaults(churn)).filter((action) => action.type === 'apply' && action.fault.kind === 'crash')

  expect(crashes.length).toBeGreaterThan(3)
  expect(crashes.every(({ at }) => at >= 2_000 && at < 12_000)).toBe(true)
  expect(timelineOf(withFaults(churn))).toEqual(timelineOf(withFaults(churn)))
})

test('overload adds requests at the asked rate', () => {
  const plain = timelineOf(withFaults()).length

  expect(timelineOf(withFaults({ at: '2s', overload: 'open/summarizer@1.0', rate: '50/s', for: '4s' })).length - plain).toBeGreaterThan(150)
})
