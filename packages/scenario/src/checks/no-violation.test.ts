import { describe, expect, test } from 'vitest'
import {
  accused,
  acquired,
  broken,
  crashed,
  delegated,
  fault,
  first,
  good,
  type Line,
  LONG,
  leaf,
  logged,
  made,
  ready,
  received,
  released,
  revoked,
  second,
  settlement,
  slashOn,
  started,
} from './test-support/traces.ts'

describe('what looks like a violation and is none', () => {
  test('a liar is slashed', () => {
    expect(broken([[1, 'settler-0', slashOn(first, second)]], { liars: [accused.peerId] })).toEqual([])
  })

  test('settlers tell of the same leaf, each for itself', () => {
    expect(broken([...good, [9, 'settler-1', leaf]])).toEqual([])
  })

  test('tokens that a client refused come again', () => {
    const refused = { type: 'answerRefused', requestId: 'r', by: 'x', from: 4, to: 10, reason: 'a lie' } as const
    const again = received(4, 10)

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

  test('tokens of before a takeover may be told of after it', () => {
    const lines = (agoMs: number): Line[] => [
      [1, 'owner-0', acquired(1)],
      [9, 'standby-0', acquired(2)],
      [5_000, 'owner-0', made(1, agoMs)],
    ]

    expect(broken(lines(5_000 - 8))).toEqual([])
    expect(broken(lines(0))).toEqual(['I14'])
  })

  test('an old holder with a wrong clock may still serve: log order protects the money', () => {
    const clock: Line = [0, 'world', fault('faultApplied', 'clock', 'owner-0')]

    expect(broken([clock, [1, 'owner-0', acquired(1)], [2, 'standby-0', acquired(2)], [5_000, 'owner-0', made(1)]])).toEqual([])
  })
})
