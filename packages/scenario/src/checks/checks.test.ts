import { Directory, defaultParameters, type Genesis, type NetworkEvent, type Role, Signer, toHex } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography, seedOf } from '@infermesh/protocol/node'
import { describe, expect, test } from 'vitest'
import type { NetworkRecord } from '../metrics/fold.ts'
import { CheckBench, checkFactories } from './checks.ts'

const roles: readonly (readonly [string, Role])[] = [
  ['client-0-0', 'client'],
  ['gateway-0', 'gateway'],
  ['owner-0', 'operator'],
  ['standby-0', 'operator'],
  ...[0, 1, 2, 3].map((number) => [`settler-${number}`, 'settler'] as const),
  ...[0, 1, 2, 3, 4].map((number) => [`grantor-${number}`, 'grantor'] as const),
]

const genesis: Genesis = {
  networkId: 'n',
  members: roles.map(([name, role]) => ({ name, role, peerId: `id of ${name}`, balance: role === 'client' ? 1_000 : 0 })),
  parameters: defaultParameters,
  attestationRoot: '',
}
const { settlement, lease } = defaultParameters
const LONG = 10_000_000

type Line = readonly [at: number, peer: string, event: NetworkEvent]

/** Names of the checks that a trace violates, by the run's end. */
function broken(lines: readonly Line[], options: { readonly end?: number; readonly liars?: readonly string[] } = {}): readonly string[] {
  const bench = new CheckBench({ directory: new Directory(genesis), crypto: nodeCryptography, liars: new Set(options.liars), grace: 5_000 })
  lines.forEach(([at, peer, event], seq) => {
    bench.observe({ seq, at, peer, event } satisfies NetworkRecord)
  })
  return bench
    .conclude(options.end ?? lines.at(-1)?.[0] ?? 0)
    .filter((check) => !check.held)
    .map((check) => check.name)
}

const sealing = { networkId: genesis.networkId, crypto: nodeCryptography }
const accused = identityFromSeed(seedOf('n', 'accused'))
const vote = (blockId: string): Uint8Array =>
  new Signer(accused, sealing).sign('vote', { kind: 'prevote', height: 1, round: 0, blockId, reveal: '00'.repeat(32) }, 0).bytes
const first = vote('aa'.repeat(32))
const second = vote('bb'.repeat(32))

const slashOn = (...statements: readonly Uint8Array[]) => {
  const evidence = { kind: 'equivocation', accused: accused.peerId, statements, height: 1 } as const
  const { bytes } = new Signer(identityFromSeed(seedOf('n', 'settler-0')), sealing).sign('evidence', evidence, 0)
  return { type: 'slashed', accused: accused.peerId, amount: 1, receipt: '', height: 1, evidence: toHex(bytes) } as const
}

const leaf = {
  type: 'leafSettled',
  requestId: 'r',
  from: 0,
  to: 10,
  receipt: 'c',
  payer: 'p',
  payee: 'o',
  amount: 5,
  batchId: 'b',
  height: 2,
} as const
const sent = {
  type: 'requestSent',
  requestId: 'r',
  model: 'm',
  gateway: 'g',
  promptTokens: 1,
  maxTokens: 10,
  maxCharge: 5,
  attempt: 1,
} as const
const issued = {
  ...({ type: 'receiptIssued', receipt: 'c', requestId: 'r', attempt: 1, from: 0, to: 10, model: 'm', epoch: 1 } as const),
  ...{ operatorSeq: 0, amount: 5, maxCharge: 5, envelope: '' },
} as const
const logged = { type: 'entryLogged', entry: 'c', kind: 'receipt', index: 0, height: 1, model: 'm', epoch: 1 } as const
const ended = { type: 'requestEnded', requestId: 'r', model: 'm', outcome: 'ok', tokens: 10, totalMs: 5 } as const
const block = { type: 'blockFinal', height: 1, round: 0, entries: 1, logSize: 5, logRoot: 'x', stateRoot: 's', checkpoint: '' } as const
const acquired = (epoch: number) => ({ type: 'leaseAcquired', model: 'm', epoch, until: 9, envelope: '' }) as const
const made = (epoch: number) => ({ type: 'tokensMade', requestId: 'r', attempt: 1, model: 'm', epoch, from: 0, to: 1 }) as const
const fault = (type: 'faultApplied' | 'faultHealed', name: string, target: string) => ({ type, fault: name, target, measured: {} }) as const
const crashed = (name: string) => ({ type: 'peerCrashed', name, reason: 'x' }) as const
const started = (name: string) => ({ type: 'peerStarted', name, peerId: `id of ${name}`, role: '', restarted: true }) as const
const ready = { type: 'standbyReady', model: 'm', temperature: 'warm' } as const
const delegated = { type: 'delegated', model: 'm', standby: 'id of standby-0', envelope: '' } as const
const revoked = { type: 'revoked', model: 'm', standby: 'id of standby-0' } as const
const released = { type: 'keyReleased', model: 'm', to: 'id of standby-0', attested: true, delegated: true, leased: true } as const
const clockFault = (measured: Readonly<Record<string, number>>) => ({ ...fault('faultApplied', 'clock', 'owner-0'), measured }) as const

/** A request that is answered, receipted, logged and paid as it should be. */
const good: readonly Line[] = [
  [0, 'owner-0', acquired(1)],
  [1, 'client-0-0', sent],
  [2, 'owner-0', made(1)],
  [3, 'client-0-0', { type: 'tokensReceived', requestId: 'r', from: 0, to: 10 }],
  [4, 'owner-0', issued],
  [5, 'client-0-0', ended],
  [6, 'settler-0', logged],
  [7, 'settler-0', block],
  [7, 'settler-0', { type: 'balances', height: 1, total: 1_000, escrow: 5, stateRoot: 's' }],
  [8, 'settler-0', leaf],
]

test('a run in which all is well breaks nothing', () => {
  expect(broken(good)).toEqual([])
})

describe('every check sees its own violation', () => {
  type Case = readonly [check: string, what: string, lines: readonly Line[], options?: { end?: number; liars?: string[] }]
  const cases: readonly Case[] = [
    ['I1', 'a token in two leaves', [...good, [9, 'settler-0', { ...leaf, from: 9, to: 12, batchId: 'b2' }]]],
    ['I2', 'a coin too many', [[1, 'settler-0', { type: 'balances', height: 1, total: 1_001, escrow: 0, stateRoot: '' }]]],
    ['I2', 'negative escrow', [[1, 'settler-0', { type: 'balances', height: 1, total: 1_000, escrow: -1, stateRoot: '' }]]],
    ['I3', 'a charge above the maximum', [[1, 'client-0-0', { ...sent, maxCharge: 4 }], ...good.slice(6)]],
    ['I4', 'a leaf without a logged receipt', good.filter(([, , event]) => event.type !== 'entryLogged')],
    [
      'I4',
      'a leaf on a void receipt',
      [...good.slice(0, 9), [8, 'settler-0', { type: 'receiptVoid', receipt: 'c', reason: 'x', height: 1 }], [9, 'settler-0', leaf]],
    ],
    ['I4', 'a leaf of another amount', [...good.slice(0, 9), [8, 'settler-0', { ...leaf, amount: 4 }]]],
    [
      'I4',
      'two paid receipts of one number',
      [
        ...good,
        [9, 'owner-0', { ...issued, receipt: 'd', requestId: 's' }],
        [10, 'settler-0', { ...logged, entry: 'd' }],
        [11, 'settler-0', { ...leaf, receipt: 'd', requestId: 's' }],
      ],
    ],
    [
      'I5',
      'a leaf of a superseded epoch',
      [...good.slice(0, 6), [6, 'settler-0', { ...logged, entry: 'l', kind: 'lease', epoch: 2 }], ...good.slice(6)],
    ],
    [
      'I6',
      'two holders of one epoch',
      [
        [1, 'owner-0', acquired(1)],
        [2, 'standby-0', acquired(1)],
      ],
    ],
    [
      'I6',
      'an epoch that goes back',
      [
        [1, 'owner-0', acquired(2)],
        [2, 'standby-0', acquired(1)],
      ],
    ],
    ['I7', 'a slash on evidence that shows nothing', [[1, 'settler-0', slashOn(first, first)]], { liars: [accused.peerId] }],
    ['I7', 'a slash of another than the evidence shows', [[1, 'settler-0', { ...slashOn(first, second), accused: 'id of owner-0' }]]],
    ['I8', 'a slash of an honest peer', [[1, 'settler-0', slashOn(first, second)]]],
    [
      'I9',
      'two log roots at one height',
      [
        [1, 'settler-0', block],
        [2, 'settler-1', { ...block, logRoot: 'y' }],
      ],
    ],
    [
      'I9',
      'a log that shrinks',
      [
        [1, 'settler-0', block],
        [2, 'settler-0', { ...block, height: 2, logSize: 4 }],
      ],
    ],
    ['I10', 'a key that its keeper says it gave away without a lease', [[1, 'grantor-0', { ...released, leased: false }]]],
    [
      'I10',
      'a key for a peer that never held the lease, though its keeper says so',
      [
        [1, 'owner-0', acquired(1)],
        [2, 'owner-0', delegated],
        [3, 'grantor-0', released],
      ],
    ],
    [
      'I10',
      'a key for a peer that has held no lease for long',
      [
        [1, 'owner-0', delegated],
        [2, 'standby-0', acquired(1)],
        [3 + 3 * lease.ttl, 'grantor-0', released],
      ],
    ],
    [
      'I10',
      'a key for a peer without a right',
      [
        [1, 'standby-0', acquired(1)],
        [2, 'grantor-0', released],
      ],
    ],
    [
      'I10',
      'a key for a peer whose right was taken back long ago',
      [
        [1, 'owner-0', delegated],
        [2, 'owner-0', revoked],
        [20_000, 'standby-0', acquired(2)],
        [20_001, 'grantor-0', released],
      ],
    ],
    [
      'I10',
      'a key from an owner that does not hold the lease',
      [
        [1, 'owner-0', delegated],
        [2, 'owner-0', released],
      ],
    ],
    [
      'I12',
      'two states at one height',
      [
        [1, 'settler-0', block],
        [2, 'settler-1', { ...block, stateRoot: 't' }],
      ],
    ],
    [
      'I13',
      'a token that comes twice',
      [...good.slice(0, 4), [4, 'client-0-0', { type: 'tokensReceived', requestId: 'r', from: 9, to: 12 }]],
    ],
    [
      'I13',
      'a token that is missing',
      [...good.slice(0, 4), [4, 'client-0-0', { type: 'tokensReceived', requestId: 'r', from: 11, to: 12 }]],
    ],
    ['I13', 'an end with another count', [...good.slice(0, 4), [4, 'client-0-0', { ...ended, tokens: 9 }]]],
    [
      'I14',
      'service after a later lease',
      [
        [1, 'owner-0', acquired(1)],
        [2, 'standby-0', acquired(2)],
        [3 + lease.epsilon, 'owner-0', made(1)],
      ],
    ],
    [
      'I14',
      'service after a later lease, with clocks no further apart than leases allow for',
      [
        [0, 'world', clockFault({ jumpMs: 0, driftPpm: lease.driftPpm })],
        [1, 'owner-0', acquired(1)],
        [2, 'standby-0', acquired(2)],
        [3 + lease.epsilon, 'owner-0', made(1)],
      ],
    ],
    [
      'I14',
      'service after a later lease, long after clocks were put right',
      [
        [0, 'world', clockFault({ jumpMs: 5_000, driftPpm: 0 })],
        [1, 'world', { ...fault('faultHealed', 'clock', 'owner-0'), measured: { askedMs: 5_000 } }],
        [50_000, 'owner-0', acquired(1)],
        [50_001, 'standby-0', acquired(2)],
        [50_002 + lease.epsilon, 'owner-0', made(1)],
      ],
    ],
    [
      'I15',
      'a leaf on work that a revoked peer did',
      [
        [1, 'settler-0', { ...logged, entry: 'l', kind: 'lease', delegation: 'd' }],
        [2, 'settler-0', { ...logged, entry: 'x', kind: 'revocation', delegation: 'd' }],
        ...good.slice(6),
      ],
    ],
    [
      'I16',
      'a sealed request that is let in twice',
      [
        [1, 'gateway-0', { type: 'sealedOpened', sealed: 's', relay: 'id of relay-0', bytes: 1, requestId: 'r' }],
        [2, 'gateway-0', { type: 'sealedOpened', sealed: 't', relay: 'id of relay-1', bytes: 1, requestId: 'r' }],
      ],
    ],
    ['L1', 'a request without an end', [[1, 'client-0-0', sent]], { end: 66_000 }],
    [
      'L1',
      'an end after the deadline',
      [
        [1, 'client-0-0', { ...sent, deadlineMs: 1_000 }],
        [6_002, 'client-0-0', { ...ended, tokens: 0 }],
      ],
    ],
    ['L2', 'a logged receipt that is never final', good.slice(0, 9), { end: LONG }],
    ['L2', 'a receipt that is never logged', good.slice(0, 6), { end: LONG }],
    ['L2', 'a leaf that comes too late', [...good.slice(0, 9), [LONG, 'settler-0', leaf]]],
    [
      'L3',
      'no holder though a standby lives',
      [
        [1, 'owner-0', acquired(1)],
        [2, 'standby-0', ready],
        [3, 'world', crashed('owner-0')],
      ],
      { end: 60_000 },
    ],
    [
      'L3',
      'no holder though a standby lives, while others come and go',
      [
        [1, 'owner-0', acquired(1)],
        [2, 'standby-0', ready],
        [3, 'world', crashed('owner-0')],
        [50_000, 'world', crashed('gateway-0')],
        [59_000, 'world', started('gateway-0')],
        [59_001, 'world', fault('faultHealed', 'crash', 'gateway-0')],
      ],
      { end: 60_000 },
    ],
    [
      'L3',
      'a holder that comes too late',
      [
        [1, 'owner-0', acquired(1)],
        [2, 'standby-0', ready],
        [3, 'world', crashed('owner-0')],
        [60_000, 'standby-0', acquired(2)],
      ],
    ],
  ]

  for (const [check, what, lines, options] of cases) {
    test(`${check}: ${what}`, () => {
      expect(broken(lines, options)).toContain(check)
    })
  }

  test('no check of the list is without a case', () => {
    const context = { directory: new Directory(genesis), crypto: nodeCryptography, liars: new Set<string>(), grace: 0 }

    expect(new Set(cases.map(([check]) => check))).toEqual(new Set(checkFactories.map((create) => create(context).name)))
  })
})

describe('what looks like a violation and is none', () => {
  test('a liar is slashed', () => {
    expect(broken([[1, 'settler-0', slashOn(first, second)]], { liars: [accused.peerId] })).toEqual([])
  })

  test('settlers tell of the same leaf, each for itself', () => {
    expect(broken([...good, [9, 'settler-1', leaf]])).toEqual([])
  })

  test('tokens that a client refused come again', () => {
    const refused = { type: 'answerRefused', requestId: 'r', by: 'x', from: 4, to: 10, reason: 'a lie' } as const
    const again = { type: 'tokensReceived', requestId: 'r', from: 4, to: 10 } as const

    expect(broken([...good.slice(0, 4), [4, 'client-0-0', refused], [4, 'client-0-0', again], ...good.slice(4)])).toEqual([])
  })

  test('a receipt waits while the network is disturbed, and for a while after', () => {
    const lines: readonly Line[] = [...good.slice(0, 9), [10, 'world', fault('faultApplied', 'partition', 'x')]]

    expect(broken(lines, { end: LONG })).toEqual([])
    expect(broken([...lines, [LONG, 'world', fault('faultHealed', 'partition', 'x')]], { end: LONG + settlement.challengeWindow })).toEqual(
      [],
    )
    expect(broken([...lines, [LONG, 'world', fault('faultHealed', 'partition', 'x')]], { end: 2 * LONG })).toEqual(['L2'])
  })

  test('a receipt waits while too many settlers are down, not while one is', () => {
    const down = (names: readonly string[]): Line[] => names.map((name) => [9, 'world', crashed(name)])

    expect(broken([...good.slice(0, 9), ...down(['settler-0', 'settler-1'])], { end: LONG })).toEqual([])
    expect(broken([...good.slice(0, 9), ...down(['settler-0'])], { end: LONG })).toEqual(['L2'])
  })

  test('a receipt that a dead operator holds is awaited only once it is back', () => {
    const lines: readonly Line[] = [...good.slice(0, 6), [9, 'world', crashed('owner-0')]]

    expect(broken(lines, { end: LONG })).toEqual([])
    expect(broken([...lines, [LONG, 'world', started('owner-0')]], { end: 2 * LONG })).toEqual(['L2'])
  })

  test('no takeover is asked for where no standby lives', () => {
    const lines: readonly Line[] = [
      [1, 'owner-0', acquired(1)],
      [2, 'standby-0', ready],
      [3, 'world', crashed('standby-0')],
      [4, 'world', crashed('owner-0')],
    ]

    expect(broken(lines, { end: LONG })).toEqual([])
  })

  test('no takeover is asked for of a standby that was revoked', () => {
    const lines: readonly Line[] = [
      [1, 'owner-0', acquired(1)],
      [2, 'standby-0', ready],
      [3, 'owner-0', revoked],
      [4, 'world', crashed('owner-0')],
    ]

    expect(broken(lines, { end: LONG })).toEqual([])
    expect(broken([...lines, [5, 'standby-0', ready]], { end: LONG })).toEqual(['L3'])
  })

  test('a key goes to the holder, and from an owner that holds to its hot standby', () => {
    const lines: readonly Line[] = [
      [1, 'owner-0', acquired(1)],
      [2, 'owner-0', delegated],
      [3, 'owner-0', released],
      [4, 'standby-0', acquired(2)],
      [5, 'grantor-0', released],
    ]

    expect(broken(lines)).toEqual([])
  })

  test('a key may go to a peer whose revocation cannot have reached its keeper', () => {
    const lines: readonly Line[] = [
      [1, 'owner-0', delegated],
      [2, 'world', fault('faultApplied', 'partition', 'x')],
      [3, 'owner-0', revoked],
      [40_000, 'standby-0', acquired(1)],
      [40_001, 'grantor-0', released],
    ]

    expect(broken(lines)).toEqual([])
  })

  test('work under a right that is revoked after it in the log is paid', () => {
    const lease = [5, 'settler-0', { ...logged, entry: 'l', kind: 'lease', delegation: 'd' }] as const
    const revocation = [7, 'settler-0', { ...logged, entry: 'x', kind: 'revocation', delegation: 'd' }] as const

    expect(broken([...good.slice(0, 6), lease, ...good.slice(6, 7), revocation, ...good.slice(7)])).toEqual([])
  })

  test('an old holder with a wrong clock may still serve: log order protects the money', () => {
    const clock: Line = [0, 'world', fault('faultApplied', 'clock', 'owner-0')]

    expect(broken([clock, [1, 'owner-0', acquired(1)], [2, 'standby-0', acquired(2)], [5_000, 'owner-0', made(1)]])).toEqual([])
  })
})
