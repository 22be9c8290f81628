import { expect, test } from 'vitest'
import { settlementWorld } from '../settler/test-support/settlement-world.ts'

const checkAll = { ratePerMille: 1000 }
const slow = { prefillTokensPerSecond: 1000, decodeMsPerToken: 60, slots: 1, loadBytesPerSecond: 1e9 }

test('a look takes as long as the verifier’s profile says, and the verdict tells it', () => {
  const profile = { prefillTokensPerSecond: 1000, decodeMsPerToken: 50, slots: 1, loadBytesPerSecond: 1e9 }
  const run = settlementWorld({ receipts: 1, verifiers: 1, audit: checkAll, verifier: () => ({ profile }) })

  run.world.start()
  run.world.run(20_000)

  // 8 prompt tokens read in 8 ms, 16 made in 800; the rest is fetching work and weights over links of 20 ms.
  expect(run.events('verdictGiven')).toMatchObject([{ verdict: 'match', backlog: 0 }])
  expect(run.events('verdictGiven')[0]?.tookMs).toBeGreaterThanOrEqual(808)
  expect(run.events('verdictGiven')[0]?.tookMs).toBeLessThan(1_300)
})

test('verifiers that cannot keep up show their backlog, drop what is too much, and hold no payment up for good', () => {
  const run = settlementWorld({
    receipts: 40,
    every: 50,
    verifiers: 2,
    audit: checkAll,
    verifier: () => ({ profile: slow, backlogMax: 4 }),
  })

  run.world.start()
  run.world.run(120_000)

  expect(Math.max(...run.events('verdictGiven').map(({ backlog }) => backlog))).toBeGreaterThan(0)
  expect(run.events('dropped').filter(({ queue }) => queue === 'verifier backlog').length).toBeGreaterThan(0)
  expect(new Set(run.events('leafSettled').map(({ receipt }) => receipt)).size).toBe(40)
  expect(run.events('slashed')).toEqual([])
})

test('an operator that hides its work is not paid for it, and not slashed', () => {
  const run = settlementWorld({
    receipts: 3,
    audit: checkAll,
    replace: (name, machine) =>
      name === 'operator-0' ? { handle: (input, now) => (input.type === 'request' ? [] : machine.handle(input, now)) } : machine,
  })

  run.world.start()
  run.world.run(60_000)

  expect(new Set(run.events('verdictGiven').map(({ verdict }) => verdict))).toEqual(new Set(['unavailable']))
  expect(new Set(run.events('receiptVoid').map(({ reason }) => reason))).toEqual(new Set(['unavailable']))
  expect(run.events('leafSettled')).toEqual([])
  expect(run.events('slashed')).toEqual([])
})

test('without a hub there are no weights, and no verdict is made up', () => {
  const run = settlementWorld({
    receipts: 2,
    audit: checkAll,
    replace: (name, machine) => (name === 'hub-0' ? { handle: () => [] } : machine),
  })

  run.world.start()
  run.world.run(90_000)

  expect(new Set(run.events('verdictGiven').map(({ verdict }) => verdict))).toEqual(new Set(['inconclusive']))
  expect(new Set(run.events('leafSettled').map(({ receipt }) => receipt)).size).toBe(2)
})

test('a verifier that starts late catches up with the log and takes its seats', () => {
  const run = settlementWorld({ receipts: 30, every: 300, verifiers: 1, audit: checkAll })
  run.world.start()
  run.world.crash('verifier-0')
  run.world.at(5_000, () => run.world.restart('verifier-0'))

  run.world.run(60_000)

  expect(run.events('verdictGiven').filter(({ verdict }) => verdict === 'match').length).toBeGreaterThan(5)
  expect(new Set(run.events('leafSettled').map(({ receipt }) => receipt)).size).toBe(30)
})
