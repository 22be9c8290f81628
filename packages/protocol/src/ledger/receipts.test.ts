import { expect, test } from 'vitest'
import { privateModel } from './test-support/actors.ts'
import { type Advance, Chain } from './test-support/chain.ts'

const noAudits = { audit: { ratePerMille: 0 }, settlement: { challengeWindow: 5_000, batch: { size: 1, idle: 0, maxAge: 0 } } }

test('a valid receipt moves its amount into escrow and, after the window, once, to its payee', () => {
  const { chain, cast } = published()
  const receipt = cast.receipt()

  chain.advance([receipt])
  const held = chain.ledger.head.escrow
  const later = chain.pass(60_000)

  expect(held).toBe(receipt.payload.amount)
  expect(later.filter(({ type }) => type === 'leafSettled')).toMatchObject([
    { receipt: receipt.id, amount: 138, payee: cast.id('operator-1') },
  ])
  expect(chain.ledger.head.escrow).toBe(0)
  expect(chain.ledger.store.get('balance', cast.id('client-0'))).toBe(1_000_000_000 - 138)
})

test('a receipt waits for its manifest', () => {
  const chain = new Chain(noAudits)
  const receipt = chain.cast.receipt()

  const early = chain.advance([receipt])
  const both = chain.advance([receipt, chain.cast.manifest()])

  expect(early).toMatchObject({ refused: [], block: { entries: [] } })
  expect(both.block.entries).toHaveLength(2)
  expect(state(chain, receipt.id)).toBe('held')
})

test('a range that was charged already is void, in part or whole, and whoever made it', () => {
  const { chain, cast } = published()
  const request = cast.request()

  chain.advance([cast.receipt({ request, range: [0, 64] })])
  const again = chain.advance([
    cast.receipt({ request, range: [0, 64], operator: 'operator-2' }),
    cast.receipt({ request, range: [63, 70] }),
    cast.receipt({ request, range: [64, 70] }),
  ])

  expect(voids(again)).toEqual(['charged-already', 'charged-already'])
  expect(chain.ledger.store.get('request', cast.receipt({ request }).payload.requestId)?.charged).toBe(138 + 12)
})

test('all receipts of a request together stay within the signed maximum', () => {
  const { chain, cast } = published()
  const request = cast.request({ maxCharge: 200 })

  const first = chain.advance([cast.receipt({ request, range: [0, 64] })])
  const second = chain.advance([cast.receipt({ request, range: [64, 128] })])

  expect([voids(first), voids(second)]).toEqual([[], ['charge-above-max']])
})

test('a payer without the coins is not charged', () => {
  const { chain, cast } = published({ balance: 150 })

  const { events } = chain.advance([cast.receipt(), cast.receipt()])

  expect(voids({ events })).toEqual(['no-funds'])
  expect(chain.ledger.store.get('balance', cast.id('client-0'))).toBe(12)
})

const cases = {
  'other-price': { amount: 1 },
  'other-weights-or-engine': { weightsRoot: '1'.repeat(64) },
  'other-input': { seed: 8 },
  'other-prompt-length': { promptTokens: 11 },
  'other-request': { requestId: '1'.repeat(64) },
  'range-not-asked-for': { to: 1001 },
  'empty-range': { to: 0 },
  'other-model': { model: 'hub/other@1.0' },
  'nested-envelope-does-not-open': { request: Uint8Array.of(1) },
} as const

test.each(Object.entries(cases))('a receipt with %s is logged as void', (reason, change) => {
  const { chain, cast } = published()

  const advance = chain.advance([cast.receipt({ change })])

  expect(voids(advance)).toEqual([reason])
  expect(chain.ledger.head.escrow).toBe(0)
})

test('two receipts under one number cost the operator its stake', () => {
  const { chain, cast } = published()
  const [first, second] = [cast.receipt({ operatorSeq: 5 }), cast.receipt({ operatorSeq: 5 })]

  chain.advance([first])
  const { events } = chain.advance([second])
  const after = chain.advance([cast.receipt()])

  expect(events).toMatchObject([
    { type: 'slashed', accused: cast.id('operator-1'), amount: 20_000_000, receipt: second.id, proof: [first.id, second.id] },
    { type: 'receiptVoid', reason: 'equivocation' },
    { type: 'entryLogged' },
  ])
  expect(state(chain, first.id)).toBe('held')
  expect(voids(after)).toEqual(['operator-ejected'])
})

test('a private receipt waits for the lease of its epoch and is void after the next one', () => {
  const { chain, cast } = published()
  const delegation = cast.delegation('operator-1')
  const attestation = cast.attestation('operator-1', 2)
  const standby = { operator: 'operator-1', epoch: 2, attestation: attestation.id }
  chain.advance([cast.privateManifest()])

  const early = chain.advance([cast.receipt({ operator: 'operator-0', epoch: 1 })])
  const owner = chain.advance([cast.receipt({ operator: 'operator-0', epoch: 1 }), cast.lease({ holder: 'operator-0', epoch: 1 })])
  const taken = chain.advance([
    cast.lease({ holder: 'operator-1', epoch: 2, delegation, attestation }),
    cast.receipt({ operator: 'operator-0', epoch: 1 }),
    cast.receipt(standby),
  ])
  const late = chain.advance([cast.receipt({ operator: 'operator-0', epoch: 1 }), cast.receipt({ ...standby, operator: 'operator-2' })])

  expect(early.block.entries).toEqual([])
  expect([owner, taken].map(voids)).toEqual([[], []])
  expect(taken.block.entries).toHaveLength(3)
  expect(voids(late)).toEqual(['stale-epoch', 'not-the-holder'])
})

test('a revoked standby is not paid, nor is one that names another attestation', () => {
  const { chain, cast } = published()
  const delegation = cast.delegation('operator-1')
  const attestation = cast.attestation('operator-1', 1)
  const standby = { operator: 'operator-1', epoch: 1, attestation: attestation.id }
  chain.advance([cast.privateManifest(), cast.lease({ holder: 'operator-1', epoch: 1, delegation, attestation })])

  const other = chain.advance([cast.receipt({ ...standby, attestation: '1'.repeat(64) }), cast.receipt(standby)])
  chain.advance([cast.by('operator-0').sign('revocation', { model: privateModel, delegation: delegation.id }, 0)])
  const revoked = chain.advance([cast.receipt(standby)])

  expect([other, revoked].map(voids)).toEqual([['other-attestation'], ['delegation-revoked']])
})

test('a lease is refused without a quorum, a delegation, the right code, or a new epoch', () => {
  const { chain, cast } = published()
  const delegation = cast.delegation('operator-1')
  const right = { holder: 'operator-1', epoch: 1, delegation, attestation: cast.attestation('operator-1', 1) }
  chain.advance([cast.privateManifest()])

  const { refused } = chain.advance([
    cast.lease({ ...right, grants: 2 }),
    cast.lease({ holder: 'operator-1', epoch: 1 }),
    cast.lease({ ...right, delegation: cast.delegation('operator-2') }),
    cast.lease({ ...right, delegation: cast.delegation('operator-1', 'operator-1') }),
    cast.lease({ ...right, delegation: cast.delegation('operator-1', 'operator-0', { expires: 1 }) }),
    cast.lease({ ...right, attestation: null }),
    cast.lease({ holder: 'operator-0', epoch: 1, attestation: null }),
    cast.lease({ ...right, attestation: cast.attestation('operator-1', 1, '1'.repeat(64)) }),
    cast.lease({ ...right, attestation: cast.attestation('operator-1', 2) }),
    cast.lease({ ...right, attestation: cast.attestation('operator-2', 1) }),
    cast.lease(right),
    cast.lease(right),
  ])

  expect(refused).toEqual([
    'too-few-grants',
    'no-delegation',
    'delegated-to-another',
    'not-the-owners-delegation',
    'delegation-expired',
    'no-attestation',
    'no-attestation',
    'other-code-attested',
    'attestation-for-another-lease',
    'attestation-of-another',
    'epoch-not-new',
  ])
})

function published(options: { readonly balance?: number } = {}) {
  const chain = new Chain({ ...noAudits, ...options })
  chain.advance([chain.cast.manifest()])
  return { chain, cast: chain.cast }
}

const state = (chain: Chain, receipt: string) => chain.ledger.store.get('receipt', receipt)?.state

const voids = ({ events }: Pick<Advance, 'events'>): string[] =>
  events.flatMap((event) => (event.type === 'receiptVoid' ? [event.reason] : []))
