import { type LieKind, lieKinds } from '@infermesh/peers'
import type { NetworkRecord, Scenario } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { beforeAll, describe, expect, test } from 'vitest'
import type { VirtualOutcome } from '../../packages/cli/src/hunt/breakage.ts'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'

let ground: Scenario

beforeAll(async () => {
  ground = await readScenario('scenarios/hunting-ground.yaml')
})

interface Told {
  readonly outcome: VirtualOutcome
  readonly metric: (name: string) => number
  readonly count: (type: NetworkRecord['event']['type'], where?: string) => number
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
  const scenario = { ...ground, faults: [{ kind: 'lie', lie, peers: by, at: 0, until, options }] } as const
  const outcome = await new VirtualRun(scenario, { onRecord: (record) => records.push(record) }).finish()
  return {
    outcome,
    metric: (name) => Number(outcome.result?.metrics[name]),
    count: (type, where = '') => records.filter(({ event }) => event.type === type && JSON.stringify(event).includes(where)).length,
  }
}

const actor = (lie: LieKind): Telling => {
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

  test('a lie ends when it is healed', async () => {
    const run = await told('lazy-operator', { by: ['operator-0'], until: 1 })

    expect(run.count('lied')).toBe(0)
    expect(run.outcome.result?.checks.find((check) => check.name.startsWith('fault acted'))).toMatchObject({ held: false })
  })
})
