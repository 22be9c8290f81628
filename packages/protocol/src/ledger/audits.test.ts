import { expect, test } from 'vitest'
import { drawSeats, isDrawn, sortition } from './committee.ts'
import { verifyEvidence } from './evidence.ts'
import { propose } from './fold.ts'
import type { LedgerEvent } from './rules.ts'
import { Cast, quickCryptography } from './test-support/actors.ts'
import { Chain } from './test-support/chain.ts'

const { hash } = quickCryptography
const quick = { challengeWindow: 5_000, batch: { size: 1, idle: 0, maxAge: 0 } }

test('a receipt is drawn by the beacon of the block after its own', () => {
  const { chain, receipt } = logged()
  const before = chain.ledger.store.get('audit', receipt.id)

  const { events, block } = chain.advance()

  expect(before).toBeUndefined()
  expect(events).toMatchObject([{ type: 'auditOpened', receipt: receipt.id, stage: 'first', draw: 0 }])
  expect(chain.ledger.store.get('audit', receipt.id)?.seats).toEqual(
    drawSeats(hash, chain.cast.directory, { beacon: block.beacon, receipt: receipt.id, stage: 'first', seated: [] }),
  )
})

test('one match of the first look clears a receipt, and it is paid', () => {
  const { chain, receipt } = drawn()

  const events = [...chain.judge(receipt.id, () => 'match'), ...chain.pass(10_000)]

  expect(outcomes(events)).toEqual(['match', 'paid'])
})

test('an audited receipt is not paid before its audit is closed, however old it is', () => {
  const { chain, receipt } = drawn()
  chain.judge(receipt.id, () => 'mismatch')

  const meanwhile = chain.advance([], chain.ledger.head.time + 3_000).events
  const events = chain.judge(receipt.id, () => 'match')

  expect(outcomes(meanwhile)).toEqual([])
  expect(outcomes(events)).toEqual(['match', 'paid'])
})

test('a lie is proven by first look, committee and appeal; then the payer has its coins back and the operator is slashed once', () => {
  const { chain, receipt } = drawn({ counts: { verifier: 30 } })

  const events = [1, 2, 3].flatMap(() => chain.judge(receipt.id, () => 'mismatch'))
  const slashed = events.filter((event) => event.type === 'slashed')
  const reporters = 1 + 7 + 13

  expect(outcomes(events)).toEqual(['committee', 'appeal', 'mismatch', 'void mismatch', 'slashed 20000000'])
  expect(slashed).toHaveLength(1)
  expect(chain.ledger.store.get('balance', chain.cast.id('client-0'))).toBe(1_000_000_000)
  expect(chain.ledger.store.get('stake', chain.cast.id('operator-1'))).toBe(0)
  expect(chain.ledger.store.get('burnt', '')).toBe(20_000_000 - Math.floor(10_000_000 / reporters) * reporters)
  expect(outcomes(chain.pass(60_000))).toEqual([])
})

test('committee and appeal sit with other verifiers as far as there are others', () => {
  const { chain, receipt } = drawn({ counts: { verifier: 25 } })

  const events = [1, 2].flatMap(() => chain.judge(receipt.id, () => 'mismatch'))
  const seats = [...chain.events, ...events].flatMap((event) => (event.type === 'auditOpened' ? event.seats : []))

  expect(new Set(seats).size).toBe(1 + 7 + 13)
})

test('a lying first look or a lying committee alone takes nothing from an honest operator', () => {
  const { chain, receipt } = drawn({ counts: { verifier: 30 } })

  const events = [
    ...chain.judge(receipt.id, () => 'mismatch'),
    ...chain.judge(receipt.id, () => 'mismatch'),
    ...chain.judge(receipt.id, () => 'match'),
    ...chain.pass(10_000),
  ]

  expect(outcomes(events)).toEqual(['committee', 'appeal', 'match', 'paid'])
})

test('too few mismatches on appeal never slash: seats are drawn anew, then the receipt goes unchecked', () => {
  const { chain, receipt } = drawn({ counts: { verifier: 13 } })
  let turn = 0
  const split = () => (turn++ % 13 < 8 ? 'mismatch' : 'match')

  const events = [
    ...chain.judge(receipt.id, () => 'mismatch'),
    ...chain.judge(receipt.id, () => 'mismatch'),
    ...[1, 2, 3].flatMap(() => chain.judge(receipt.id, split)),
  ]

  expect(outcomes(events)).toEqual(['committee', 'appeal', 'appeal', 'appeal', 'unchecked', 'paid'])
})

test('silent verifiers are replaced, and after three drawings the receipt is paid unchecked', () => {
  const { chain, receipt } = drawn()

  const events = chain.pass(60_000)
  const seats = chain.events.flatMap((event) => (event.type === 'auditOpened' ? event.seats : []))

  expect(outcomes(events)).toEqual(['first', 'first', 'unchecked', 'paid'])
  expect(new Set(seats).size).toBe(3)
  expect(chain.ledger.store.get('receipt', receipt.id)?.state).toBe('settled')
})

test('work that a committee could not get is not paid, and nothing is taken', () => {
  const { chain, receipt } = drawn()

  const events = [...chain.judge(receipt.id, () => 'unavailable'), ...chain.judge(receipt.id, () => 'unavailable')]

  expect(outcomes(events)).toEqual(['committee', 'unavailable', 'void unavailable'])
})

test('verdicts count only from a seat, in their turn, once, and as committed', () => {
  const { chain, receipt } = drawn()
  const [seat = ''] = chain.ledger.store.get('audit', receipt.id)?.seats ?? []
  const name = chain.cast.directory.nameOf(seat)
  const outsider = chain.cast.directory.all('verifier').find(({ peerId }) => peerId !== seat)?.name ?? ''
  const turn = { receipt: receipt.id, stage: 'first', draw: 0 } as const
  const mine = chain.verdict(name, turn, 'match')
  const other = chain.verdict(name, turn, 'mismatch')
  const copied = chain.cast.by(outsider).sign('verdictCommit', mine.commit.payload, 0)
  const later = chain.verdict(name, { ...turn, stage: 'committee' }, 'match')

  const commits = chain.advance([copied, mine.commit, other.commit, mine.reveal, later.commit])
  const reveals = chain.advance([other.reveal, mine.reveal])

  expect(commits.refused).toEqual(['no-seat', 'committed-already'])
  expect(commits.block.entries).toEqual([mine.commit.id])
  expect(reveals.refused).toEqual(['other-commitment'])
  expect(outcomes(reveals.events)).toEqual(['match'])
})

test('the log entries that a slash names prove the lie to whoever has the genesis', () => {
  const { chain, receipt } = drawn({ counts: { verifier: 30 } })
  const events = [1, 2, 3].flatMap(() => chain.judge(receipt.id, () => 'mismatch'))
  const [slash] = events.filter((event) => event.type === 'slashed')
  const entries = new Map(chain.blocks.flatMap(({ entries }) => entries.map((entry) => [entry.id, entry.bytes] as const)))
  const statements = (slash?.proof ?? []).map((id) => entries.get(id) ?? new Uint8Array())
  const { directory, sealing } = chain.cast
  const accused = slash?.accused ?? ''
  const prove = (proof: readonly Uint8Array[], whom = accused) =>
    verifyEvidence(
      chain.cast.by('settler-0').sign('evidence', { kind: 'mismatch', accused: whom, statements: proof, height: 9 }, 0).bytes,
      directory,
      sealing,
    )

  expect(prove(statements)).toMatchObject({ proves: true, accused: chain.cast.id('operator-1') })
  expect(prove(statements.slice(0, 9))).toMatchObject({ proves: false, reason: '8 verifiers of one drawing found it, 9 are needed' })
  expect(prove([...statements.slice(0, 9), ...statements.slice(1, 3)])).toMatchObject({ proves: false })
  expect(prove(statements, chain.cast.id('operator-2'))).toMatchObject({ proves: false })
  expect(verifyEvidence(Uint8Array.of(1, 2), directory, sealing)).toMatchObject({ proves: false })
})

test('whoever shows two contradicting statements gets its share, once', () => {
  const { chain, receipt } = logged({ audit: { ratePerMille: 0 } })
  const { cast } = chain
  const unlogged = cast.receipt({ operatorSeq: receipt.payload.operatorSeq })
  const statements = [receipt.bytes, unlogged.bytes]
  const evidence = { kind: 'equivocation', accused: cast.id('operator-1'), statements, height: 1 } as const

  const { refused } = chain.advance([
    cast.by('verifier-0').sign('evidence', { ...evidence, statements: [receipt.bytes, receipt.bytes] }, 0),
    cast.by('verifier-0').sign('evidence', { ...evidence, accused: cast.id('operator-2') }, 0),
    cast.by('gateway-0').sign('evidence', evidence, 0),
    cast.by('verifier-0').sign('evidence', evidence, 0),
  ])
  const late = chain.advance([unlogged])

  expect(refused).toEqual(['the statements do not contradict each other', 'a statement is not by the accused', 'punished-already'])
  expect(chain.ledger.store.get('balance', cast.id('gateway-0'))).toBe(1_000_000_000 + 10_000_000)
  expect(outcomes(late.events)).toEqual(['void equivocation'])
})

test('receipts are drawn at the rate asked for', () => {
  const beacon = 'ab'.repeat(32)
  const ids = Array.from({ length: 4000 }, (_, index) => index.toString(16).padStart(64, '0'))

  const count = ids.filter((id) => isDrawn(hash, beacon, id, 80)).length

  expect(count).toBeGreaterThan(4000 * 0.08 - 4 * Math.sqrt(4000 * 0.08 * 0.92))
  expect(count).toBeLessThan(4000 * 0.08 + 4 * Math.sqrt(4000 * 0.08 * 0.92))
})

test('a small network seats everybody and asks for more than two thirds', () => {
  const { directory } = new Cast({ counts: { verifier: 5 } })

  expect(sortition('committee', directory)).toEqual({ size: 5, quorum: 4 })
  expect(sortition('appeal', directory)).toEqual({ size: 5, quorum: 4 })
})

test('a block needs the reveals of more than two thirds, each the next link of its chain', () => {
  const { chain } = logged()
  chain.advance()
  const { cast, ledger } = chain
  const vote = (index: number, reveal: string) =>
    cast
      .by(`settler-${index}`)
      .sign('vote', { kind: 'precommit', height: ledger.head.height, round: 0, blockId: ledger.head.blockId, reveal }, 0).bytes
  const header = { time: ledger.head.time + 1, proposer: cast.id('settler-0') }

  expect(() => propose(ledger, [], { ...header, commit: [0, 1, 2].map((index) => vote(index, 'ab'.repeat(32))) })).toThrow(
    'the reveal of settler-0 does not continue its chain',
  )
  expect(() => propose(ledger, [], { ...header, commit: [vote(0, 'ab'.repeat(32))] })).toThrow('1 precommits, 3 are needed')
  expect(() => propose(ledger, [], { ...header, commit: [1, 0, 2].map((index) => vote(index, 'ab'.repeat(32))) })).toThrow('order')
})

type Options = ConstructorParameters<typeof Chain>[0]

/** One good receipt in the log, every receipt to be looked at. */
function logged(options: Options = {}) {
  const chain = new Chain({ settlement: quick, ...options, audit: { ratePerMille: 1000, ...options.audit } })
  const receipt = chain.cast.receipt()
  chain.advance([chain.cast.manifest(), receipt])
  return { chain, receipt }
}

function drawn(options: Options = {}) {
  const scene = logged(options)
  scene.chain.advance()
  return scene
}

/** What became of audits and money, in words. */
function outcomes(events: readonly LedgerEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'auditOpened') return [event.stage]
    if (event.type === 'auditClosed') return [event.result]
    if (event.type === 'receiptVoid') return [`void ${event.reason}`]
    if (event.type === 'slashed') return [`slashed ${event.amount}`]
    return event.type === 'leafSettled' ? ['paid'] : []
  })
}
