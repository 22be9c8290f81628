import { expect, test } from 'vitest'
import { Chain } from './test-support/chain.ts'

const GENESIS = 1_000_000_000
const zero = '0'.repeat(64)

function market(balance = GENESIS) {
  const chain = new Chain({ counts: { issuer: 1 }, balance })
  const { cast } = chain
  const [issuer, gateway] = [cast.id('issuer-0'), cast.id('gateway-0')]
  return {
    chain,
    order: (count: number, worth: number, by = 'client-0') => cast.by(by).sign('tokenOrder', { issuer, count, worth, requests: zero }, 0),
    payout: (number: number, amount: number, by = 'issuer-0') =>
      cast.by(by).sign('tokenPayout', { gateway, number, count: 1, amount, root: zero }, 0),
    balance: (name: string) => chain.ledger.store.get('balance', cast.id(name)),
  }
}

test('an order moves its price from the client to the issuer, once', () => {
  const { chain, order, balance } = market()
  const first = order(8, 1_000)

  chain.advance([first])
  const again = chain.advance([first])

  expect(again.refused).toEqual(['logged-already'])
  expect([balance('client-0'), balance('issuer-0')]).toEqual([GENESIS - 8_000, GENESIS + 8_000])
})

test('a payout moves coins from the issuer to the gateway, and its number pays no second time', () => {
  const { chain, payout, balance } = market()

  chain.advance([payout(0, 3_000)])
  const again = chain.advance([payout(0, 3_000), payout(1, 500)])

  expect(again.refused).toEqual(['paid-already'])
  expect([balance('issuer-0'), balance('gateway-0')]).toEqual([GENESIS - 3_500, GENESIS + 3_500])
})

test('a payout waits for the coins that it pays with', () => {
  const { chain, order, payout, balance } = market(1_000)
  const due = payout(0, 3_000)

  const early = chain.advance([due])
  chain.advance([due, order(1, 1_000), order(1, 1_000, 'client-1')])

  expect(early).toMatchObject({ refused: [], block: { entries: [] } })
  expect([balance('issuer-0'), balance('gateway-0')]).toEqual([0, 4_000])
})

test('what the wrong peer signs, and what is not covered, moves nothing', () => {
  const { chain, order, payout, balance } = market(1_000)

  const { refused } = chain.advance([
    order(2, 1_000),
    order(0, 1_000),
    order(64, Number.MAX_SAFE_INTEGER),
    order(1, 1, 'operator-0'),
    payout(0, 1, 'gateway-0'),
  ])

  expect(refused).toEqual(['no-funds', 'no-price', 'no-price', 'not-a-client', 'not-an-issuer'])
  expect(['client-0', 'issuer-0', 'gateway-0'].map(balance)).toEqual([1_000, 1_000, 1_000])
})
