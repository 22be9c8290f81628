import { setTimer } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { ASK_AGAIN, LOOK_AGAIN } from './oblivious-config.ts'
import { ROUND_KEY, Rounds } from './rounds.ts'

const stocked = { isStocked: true, isWaiting: false }
const short = { isStocked: false, isWaiting: false }
const waiting = { isStocked: false, isWaiting: true }
const roundAfter = (after: number) => setTimer(ROUND_KEY, after)

test('nothing is looked after before the keys at hand end, and then at the next round', () => {
  const rounds = new Rounds()

  expect(rounds.calm(5_000, 5_000 + 10 * LOOK_AGAIN)).toEqual(roundAfter(10 * LOOK_AGAIN))
  expect(rounds.calm(5_000, 5_001 + 10 * LOOK_AGAIN)).toEqual(roundAfter(11 * LOOK_AGAIN))
  expect(rounds.calm(5_000, 5_001)).toEqual(roundAfter(LOOK_AGAIN))
})

test('what is spent in between is looked after at the round that would have come anyway', () => {
  const rounds = new Rounds()
  rounds.calm(1_000, 1_000 + 20 * LOOK_AGAIN)

  expect(rounds.after(1_000 + 3 * LOOK_AGAIN + 7, () => stocked)).toEqual([])
  expect(rounds.after(1_000 + 3 * LOOK_AGAIN + 8, () => short)).toEqual([roundAfter(LOOK_AGAIN - 8)])
  expect(rounds.after(1_000 + 3 * LOOK_AGAIN + 9, () => short)).toEqual([])
})

test('at the very time of a round, the next one is meant', () => {
  const rounds = new Rounds()
  rounds.calm(0, 20 * LOOK_AGAIN)

  expect(rounds.after(2 * LOOK_AGAIN, () => short)).toEqual([roundAfter(LOOK_AGAIN)])
})

test('a request that waits is looked after soon, also after a waking', () => {
  const rounds = new Rounds()
  rounds.calm(0, 20 * LOOK_AGAIN)
  rounds.after(10, () => short)

  expect(rounds.after(20, () => waiting)).toEqual([roundAfter(ASK_AGAIN)])
  expect(rounds.after(30, () => waiting)).toEqual([])
})

test('no sleep is without end', () => {
  const { after } = { after: 0, ...new Rounds().calm(0, Number.POSITIVE_INFINITY) }

  expect(after).toBeLessThan(3_600_000)
})
