import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Envelope } from '../envelope.ts'
import type { Leaf } from '../statements/index.ts'
import { check } from './fold.ts'
import { createLedger } from './ledger.ts'
import type { LedgerEvent } from './rules.ts'
import { privateModel } from './test-support/actors.ts'
import { Chain } from './test-support/chain.ts'
import { brokenInvariants, type Expectations, type History } from './test-support/oracle.ts'

const commands = fc.array(
  fc.record({
    kind: fc.constantFrom('receipt', 'receipt', 'receipt', 'private', 'lease', 'fork', 'wrong', 'repeat', 'commits', 'reveals', 'revoke'),
    request: fc.nat(3),
    from: fc.nat(5),
    length: fc.nat(4),
    operator: fc.nat(2),
    epoch: fc.integer({ min: 1, max: 4 }),
    pick: fc.nat(),
    pause: fc.constantFrom(0, 0, 0, 700, 2_500, 9_000),
  }),
  { minLength: 1, maxLength: 40 },
)

type Command = typeof commands extends fc.Arbitrary<readonly (infer C)[]> ? C : never

test('whatever is logged, in whatever order, the ledger keeps its invariants and a replay gives the same state', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { history, expected, chain } = play(list)
      const replayed = chain.replayed()

      expect(brokenInvariants(history, expected)).toEqual([])
      expect(replayed.head).toEqual(chain.ledger.head)
      expect(replayed.store.everything()).toEqual(chain.ledger.store.everything())
    }),
    { numRuns: 60 },
  )
})

test('the random logs do reach payments, voids, audits, slashes and leases', () => {
  const seen = new Set<string>()
  for (const list of fc.sample(commands, { numRuns: 50, seed: 5 }))
    for (const event of play(list).history.events) seen.add(event.type === 'receiptVoid' ? event.reason : event.type)

  expect([...seen]).toEqual(
    expect.arrayContaining([
      'leafSettled',
      'auditOpened',
      'auditClosed',
      'slashed',
      'charged-already',
      'stale-epoch',
      'charge-above-max',
      'mismatch',
    ]),
  )
})

test('a block is refused when any field of it was changed', () => {
  const chain = new Chain({ settlement: { challengeWindow: 0, batch: { size: 1, idle: 0, maxAge: 0 } }, audit: { ratePerMille: 0 } })
  const entries = [chain.cast.manifest(), chain.cast.receipt()]
  chain.advance(entries)
  chain.advance()
  const [first, second] = chain.blocks
  const ledger = createLedger(chain.cast.directory, chain.cast.sealing)
  const changes = {
    previous: '1'.repeat(64),
    logSize: 3,
    logRoot: '1'.repeat(64),
    batchId: '1'.repeat(64),
    leavesRoot: '1'.repeat(64),
    leafCount: 1,
    total: 5,
    stateRoot: '1'.repeat(64),
    beacon: '1'.repeat(64),
    proposer: chain.cast.id('client-0'),
    commit: second?.block.commit ?? [],
    time: 0,
    height: 2,
  }

  expect(second?.block.leafCount).toBe(1)
  if (first === undefined) throw new Error('the chain has a block')
  expect(check(ledger, first.block, first.entries).ok).toBe(true)
  for (const [name, value] of Object.entries(changes))
    expect({ name, ok: check(ledger, { ...first.block, [name]: value }, first.entries).ok }).toEqual({ name, ok: false })
  expect(check(ledger, first.block, [...first.entries].reverse())).toMatchObject({ ok: false })
})

test('a block that holds an entry without effect is refused', () => {
  const chain = new Chain()
  const { block } = chain.advance([chain.cast.manifest()])
  const again = { ...block, height: 2, previous: chain.ledger.head.blockId, time: 5000 }

  expect(check(chain.ledger, again, chain.blocks[0]?.entries ?? [])).toMatchObject({ ok: false })
})

// Each of these is what a ledger with one bug would show; the oracle of the property above must see it.
const planted: Readonly<Record<string, (history: History) => History>> = {
  I1: (history) => ({ ...history, events: [...history.events, ...leavesOf(history).slice(0, 1)] }),
  I2: (history) => ({ ...history, coins: [...history.coins, { total: (history.coins[0]?.total ?? 0) + 1, least: 0 }] }),
  I3: (history) => withLeaves(history, (leaf) => ({ ...leaf, amount: leaf.amount + 10_000_000 })),
  I4: (history) => withLeaves(history, (leaf) => ({ ...leaf, receipt: '1'.repeat(64) })),
  I5: (history) => ({ ...history, blocks: leasesFirst(history) }),
  I7: (history) => ({
    ...history,
    events: history.events.map((event) => (event.type === 'slashed' ? { ...event, proof: event.proof.slice(1) } : event)),
  }),
  I8: (history) => ({
    ...history,
    events: history.events.map((event) =>
      event.type === 'slashed' ? { ...event, accused: history.blocks[0]?.block.proposer ?? '' } : event,
    ),
  }),
  I9: (history) => ({ ...history, blocks: history.blocks.map(({ block, entries }) => ({ block, entries: [...entries].reverse() })) }),
}

test.each(Object.entries(planted))('a ledger that broke %s would be seen', (name, plant) => {
  const { history, expected } = play(eventful)

  expect(brokenInvariants(history, expected)).toEqual([])
  expect(brokenInvariants(plant(history), expected)).toContain(name)
})

const plain = { request: 0, from: 0, length: 0, operator: 1, epoch: 1, pick: 0, pause: 0 } as const
const eventful: readonly Command[] = [
  { ...plain, kind: 'lease', operator: 0 },
  { ...plain, kind: 'private', operator: 0, pause: 700 },
  { ...plain, kind: 'lease', epoch: 2 },
  { ...plain, kind: 'receipt', request: 1, pause: 700 },
  { ...plain, kind: 'fork', request: 2 },
]

/** A random history: valid, overlapping, stale, forked and repeated entries, honest and lying verifiers; then time for all to end. */
function play(list: readonly Command[]) {
  const settlement = { challengeWindow: 3_000, batch: { size: 3, idle: 2_000, maxAge: 4_000 } }
  const chain = new Chain({ counts: { verifier: 14 }, balance: 3_000, audit: { ratePerMille: 500 }, settlement })
  const { cast } = chain
  const requests = [0, 1, 2, 3].map((index) => cast.request({ maxCharge: 14, maxTokens: 12 }, `client-${index % 2}`))
  const secrets = [0, 1, 2, 3].map(() => cast.request({ model: privateModel, maxCharge: 40, maxTokens: 12 }))
  const delegation = cast.delegation('operator-1')
  const pool: Envelope[] = [cast.manifest(), cast.privateManifest(), delegation]
  const wrong = new Set<string>()
  const liars = new Set<string>()
  const coins: { total: number; least: number }[] = []
  let forks = 0
  const genesisCoins = cast.directory.genesis.members.reduce((sum, { balance }) => sum + balance, 0)
  const step = (time?: number) => {
    chain.advance(pool, time)
    const waiting = pool.filter(({ id }) => chain.ledger.store.get('entry', id) === undefined).slice(-60)
    pool.splice(0, pool.length, ...waiting)
    coins.push(coinsIn(chain))
  }
  const make = (command: Command): Envelope[] => {
    const operator = `operator-${command.operator}`
    const range = [command.from, command.from + 1 + command.length] as const
    const request = requests[command.request] as Envelope<'request'>
    switch (command.kind) {
      case 'receipt':
        return [cast.receipt({ operator, request, range })]
      case 'wrong': {
        const lie = cast.receipt({ operator, request, range })
        wrong.add(lie.id)
        liars.add(cast.id(operator))
        return [lie]
      }
      case 'private': {
        const secret = secrets[command.request] as Envelope<'request'>
        return [cast.receipt({ operator, request: secret, range, epoch: command.epoch })]
      }
      case 'lease': {
        const standby = command.operator === 1
        const authority = standby ? { delegation, attestation: cast.attestation(operator, command.epoch) } : {}
        return [cast.lease({ holder: operator, epoch: command.epoch, ...authority })]
      }
      case 'fork': {
        liars.add(cast.id(operator))
        const operatorSeq = 1000 + forks++
        return [cast.receipt({ operator, request, range, operatorSeq }), cast.receipt({ operator, operatorSeq })]
      }
      case 'repeat':
        return chain.blocks.flatMap(({ entries }) => entries).slice(-3)
      case 'commits':
      case 'reveals':
        return verdictsFor(chain, wrong, command)
      case 'revoke':
        return command.pick % 5 === 0
          ? [cast.by('operator-0').sign('revocation', { model: privateModel, delegation: delegation.id }, 0)]
          : []
    }
  }
  for (const command of list) {
    pool.push(...make(command))
    if (command.pick % 3 === 0) pool.reverse()
    if (command.pause > 0) step(chain.ledger.head.time + command.pause)
  }
  for (let rest = 0; rest < 18; rest++) {
    pool.push(...verdictsFor(chain, wrong, { ...plain, kind: 'commits', pick: 1 }))
    step()
  }
  const history: History = { blocks: chain.blocks, events: chain.events, coins }
  const expected: Expectations = { cast, genesisCoins, liars }
  return { chain, history, expected }
}

/** Honest verifiers tell lies from truths; every fifth says the contrary. */
function verdictsFor(chain: Chain, wrong: ReadonlySet<string>, { pick }: Command): Envelope[] {
  return (chain.ledger.store.get('audits', '') ?? []).flatMap((receipt) => {
    const audit = chain.ledger.store.get('audit', receipt)
    if (audit === undefined) return []
    return audit.seats.flatMap((seat, index) => {
      const lies = chain.cast.directory.all('verifier').findIndex(({ peerId }) => peerId === seat) % 5 === 4
      const turn = { receipt, stage: audit.stage, draw: audit.draw }
      const { commit, reveal } = chain.verdict(chain.cast.directory.nameOf(seat), turn, wrong.has(receipt) !== lies ? 'mismatch' : 'match')
      const silent = (pick + index) % 7 === 6
      return silent ? [] : [audit.phase === 'commit' ? commit : reveal]
    })
  })
}

/** All coins, counted from the records. */
function coinsIn(chain: Chain): { total: number; least: number } {
  let total = 0
  let least = chain.ledger.head.escrow
  for (const [kind, , value] of chain.ledger.store.everything()) {
    if (kind === 'balance' || kind === 'stake' || kind === 'burnt') {
      total += value as number
      least = Math.min(least, value as number)
    }
    const receipt = kind === 'receipt' ? (value as { state: string; amount: number }) : undefined
    if (receipt !== undefined && receipt.state !== 'void' && receipt.state !== 'settled') total += receipt.amount
  }
  return { total, least }
}

const leavesOf = ({ events }: History) => events.filter((event) => event.type === 'leafSettled')

const withLeaves = (history: History, change: (leaf: Extract<LedgerEvent, Leaf>) => LedgerEvent): History => ({
  ...history,
  events: history.events.map((event) => (event.type === 'leafSettled' ? change(event) : event)),
})

const leasesFirst = ({ blocks }: History): History['blocks'] => {
  const leases = blocks.flatMap(({ entries }) => entries.filter(({ type }) => type === 'lease'))
  return blocks.map(({ block, entries }, index) => ({ block, entries: index === 0 ? [...leases, ...entries] : entries }))
}
