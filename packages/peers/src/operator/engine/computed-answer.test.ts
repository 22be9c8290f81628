import { expect, test } from 'vitest'
import { ComputedAnswer } from './computed-answer.ts'

test('passes over what an earlier attempt brought, and says when it was not what the job makes', () => {
  const answer = new ComputedAnswer([5, 6, 7])
  answer.add([5, 6], false)
  expect(answer.strays()).toBe(false)
  expect(answer.take(10)).toBe(0)
  answer.add([7, 8], true)
  expect(answer.strays()).toBe(false)
  expect(answer.tokens(3, answer.take(10))).toEqual([8])

  const other = new ComputedAnswer([5, 1])
  other.add([5, 6], false)
  expect(other.strays()).toBe(true)
})
