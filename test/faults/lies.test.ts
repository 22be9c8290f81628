import { type LieKind, lieKinds } from '@infermesh/peers'
import type { NetworkRecord, Scenario } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { beforeAll, describe, expect, test } from 'vitest'
import type { VirtualOutcome } from '../../packages/cli/src/hunt/breakage.ts'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'

let ground: Scenario
let sealedGround: Scenario

beforeAll(async () => {
  ground = await readScenario('scenarios/hunting-ground.yaml')
  const trouble = await readScenario('scenarios/oblivious-trouble.yaml')
  sealedGround = { ...trouble, load: trouble.load.map((load) => ({ ...load, until: 16_000 })) }
})

interface Told {
  readonly outcome: VirtualOutcome
  readonly metric: (name: string) => number
  readonly count: (type: NetworkRecord['event']['type'], where?: string) => number
  readonly sum: (type: NetworkRecord['event']['type'], field: string) => number
}

interface Telling {
  readonly by: readonly string[]
  readonly victims?: readonly string[]
  readonly until?: number
}

/** A run of the hunting ground in which some peers tell one lie. */
async function told(lie: LieKind, { by, victims = [], until = 16_000 }: Telling): Promise<Told> {
  const options = { share: 1, victims, late: 4_000, perSecond: 10 }
  const records: NetworkRecord[] = []
  const scenario = { ...(isSealed(lie) ? sealedGround : ground), faults: [{ kind: 'lie', lie, peers: by, at: 0, until, options }] } as const
  const outcome = await new VirtualRun(scenario, { onRecord: (record) => records.push(record) }).finish()
  return {
    outcome,
    metric: (name) => Number(outcome.result?.metrics[name]),
    sum: (type, field) =>
      records.reduce((sum, { event }) => sum + (event.type === type ? Number((event as Readonly<Record<string, unknown>>)[field]) : 0), 0),
    count: (type, where = '') => records.filter(({ event }) => event.type === type && JSON.stringify(event).includes(where)).length,
  }
}

const isSealed = (lie: LieKind): boolean => /relay|depositing/.test(lie)

const actor = (lie: LieKind): Telling => {
  if (lie.endsWith('relay')) return { by: ['relay-0'], until: 30_000 }
  if (lie === 'double-depositing-gateway') return { by: ['gateway-0'], until: 40_000 }
  if (lie === 'eclipse') return { by: ['operator-0', 'operator-1'], victims: ['settler-1'] }
  if (lie === 'censoring-settler') return { by: ['settler-0'], victims: ['operator-0'] }
  if (lie === 'colluding-verifier') return { by: ['verifier-0'], victims: ['operator-0', 'operator-1'] }
  if (/gateway|request/.test(lie)) return { by: ['gateway-0'] }
  if (/verifier|accuser|reveals/.test(lie)) return { by: ['verifier-0'] }
  return { by: [lie.includes('settler') ? 'settler-0' : 'operator-0'] }
}

test.each(lieKinds)('%s acts, and breaks no standing check', async (lie) => {
  const { outcome } = await told(lie, actor(lie))

  expect(outcome.breakage).toBeUndefined()
  expect(outcome.result?.checks.find((check) => check.name.startsWith('fault acted'))).toMatchObject({ held: true })
  expect(outcome.result?.metrics['verification.false_accusations']).toBe(0)
})

describe('what comes of it', () => {
  test.each(['lazy-operator', 'model-swap', 'quantised-model'] as const)('%s is caught by an audit, slashed and not paid', async (lie) => {
    const run = await told(lie, { by: ['operator-0'] })

    expect(run.metric('verification.caught')).toBe(1)
    expect(run.count('receiptVoid', 'mismatch')).toBeGreaterThan(0)
  })

  test('double receipts prove themselves: their signer is slashed', async () => {
    const run = await told('double-receipt', { by: ['operator-0'] })

    expect(run.metric('verification.caught')).toBe(1)
    expect(run.count('receiptVoid', 'equivocation')).toBeGreaterThan(0)
  })

  test('two votes at one height cost the settler, and the log goes on', async () => {
    const run = await told('equivocating-settler', { by: ['settler-0'] })

    expect(run.metric('verification.caught')).toBe(1)
    expect(run.metric('settlement.final')).toBe(run.metric('receipts.issued'))
  })

  test('a higher price is refused by the ledger and by the client', async () => {
    const run = await told('overcharging-operator', { by: ['operator-0'] })

    expect(run.count('receiptVoid', 'other-price')).toBeGreaterThan(0)
    expect(run.count('refusedInput', 'it charges')).toBeGreaterThan(0)
  })

  test('tokens that differ from their receipt are noticed on the way, and made again by another operator', async () => {
    const run = await told('tampering-operator', { by: ['operator-0'] })

    expect(run.count('refusedInput', 'not the delivered ones')).toBeGreaterThan(0)
    expect(run.metric('requests.success_rate')).toBe(1)
  })

  test('tokens that a gateway changed are refused by the client, which gets the right ones through another', async () => {
    const run = await told('tampering-gateway', { by: ['gateway-0'] })

    expect(run.count('answerRefused', 'not the delivered ones')).toBeGreaterThan(0)
    expect(run.metric('requests.tampered')).toBeGreaterThan(0)
    expect(run.metric('requests.success_rate')).toBe(1)
    expect(run.metric('receipts.void')).toBe(0)
  })

  test('with no honest gateway left a request fails, and says which one lied', async () => {
    const run = await told('tampering-gateway', { by: ['gateway-0', 'gateway-1'] })

    expect(run.metric('requests.ok')).toBe(0)
    expect(run.count('requestEnded', 'answer-tampered')).toBe(run.metric('requests.total'))
    expect(run.count('requestEnded', 'the answer that gateway-')).toBe(run.metric('requests.total'))
    expect(run.metric('billing.duplicates')).toBe(0)
    expect(run.outcome.breakage).toBeUndefined()
  })

  test('a changed prompt is refused by the operator: nobody is charged for it, and another gateway brings the answer', async () => {
    const run = await told('request-tampering', { by: ['gateway-0'] })

    expect(run.count('lied')).toBeGreaterThan(0)
    expect(run.metric('requests.success_rate')).toBe(1)
    expect(run.metric('receipts.issued')).toBe(4 * run.metric('requests.total'))
  })

  test('an operator that keeps its receipts to itself is left for another', async () => {
    const run = await told('withheld-receipts', { by: ['operator-0'] })

    expect(run.count('refusedInput', 'no receipt for the tokens')).toBeGreaterThan(0)
    expect(run.metric('requests.success_rate')).toBe(1)
    expect(run.metric('billing.duplicates')).toBe(0)
  })

  test.each(['lazy-verifier', 'copying-verifier', 'false-accuser', 'silent-verifier', 'withheld-reveals'] as const)(
    '%s alone changes no outcome',
    async (lie) => {
      const run = await told(lie, { by: ['verifier-0'] })

      expect(run.metric('settlement.final')).toBe(run.metric('receipts.issued'))
      expect(run.count('slashed')).toBe(0)
    },
  )

  test.each(['censoring-settler', 'silent-settler', 'eclipse'] as const)('%s delays, and everybody is paid', async (lie) => {
    const run = await told(lie, actor(lie))

    expect(run.metric('settlement.final')).toBe(run.metric('receipts.issued'))
  })

  test('a sealed request that its relay carries twice is worked on once, and paid for once', async () => {
    const run = await told('replaying-relay', actor('replaying-relay'))

    expect(run.count('lied')).toBeGreaterThan(0)
    expect(run.count('sealedOpened', 'replayed')).toBe(run.count('lied'))
    expect(run.count('executionStarted')).toBe(run.metric('requests.total'))
    expect(run.metric('requests.success_rate')).toBe(1)
  })

  test('keys that a relay swapped are refused by clients, who seal to the attested ones of another', async () => {
    const run = await told('key-swapping-relay', actor('key-swapping-relay'))

    // Of the answers with swapped keys, those that held any.
    expect(run.count('keysRefused', 'its signer is not a gateway')).toBeGreaterThanOrEqual(run.count('lied'))
    expect(run.count('keysRefused')).toBe(run.count('keysRefused', 'its signer is not a gateway'))
    expect(run.count('sealedRefused')).toBe(0)
    expect(run.metric('requests.success_rate')).toBe(1)
  })

  test('with no honest relay nothing is sealed to swapped keys', async () => {
    const run = await told('key-swapping-relay', { by: ['relay-0', 'relay-1', 'relay-2'], until: 60_000 })

    expect(run.count('sealedSent')).toBe(0)
    expect(run.metric('requests.ok')).toBe(0)
  })

  test('tokens that a gateway brings twice are paid once', async () => {
    const run = await told('double-depositing-gateway', actor('double-depositing-gateway'))

    expect(run.count('lied')).toBeGreaterThan(0)
    // As a lot that comes again because the answer to it was lost: taken, and none of it new.
    expect(run.sum('tokensDeposited', 'count')).toBe(run.sum('tokensSpent', 'count'))
    expect(run.count('tokensDeposited', '"count":0')).toBe(run.count('lied'))
    expect(run.sum('tokensPaidOut', 'amount')).toBeLessThanOrEqual(1_000 * run.sum('tokensSpent', 'count'))
    expect(run.sum('tokensPaidOut', 'amount')).toBeGreaterThan(0)
  })

  test('a lie ends when it is healed', async () => {
    const run = await told('lazy-operator', { by: ['operator-0'], until: 1 })

    expect(run.count('lied')).toBe(0)
    expect(run.outcome.result?.checks.find((check) => check.name.startsWith('fault acted'))).toMatchObject({ held: false })
  })
})
