import { Directory } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { describe, expect, test } from 'vitest'
import { checkFactories } from './checks.ts'
import {
  accused,
  acquired,
  block,
  broken,
  clockFault,
  crashed,
  delegated,
  ended,
  fault,
  first,
  genesis,
  good,
  issued,
  type Line,
  LONG,
  leaf,
  lease,
  logged,
  made,
  ready,
  received,
  released,
  revoked,
  second,
  sent,
  slashOn,
  started,
} from './test-support/traces.ts'

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
    ['I13', 'a token that comes twice', [...good.slice(0, 4), [4, 'client-0-0', received(9, 12)]]],
    ['I13', 'a token that is missing', [...good.slice(0, 4), [4, 'client-0-0', received(11, 12)]]],
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
