import { randomFrom } from '@infermesh/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { promptOfPassages } from './passages.ts'
import { parseSubmission } from './submission.ts'

const ask = (fields: object) => parseSubmission(JSON.stringify({ model: 'acme/echo@1.0', maxTokens: 5, ...fields }), randomFrom(1))

test('a text cut in passages is the text, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.nat(1e12), fc.nat(60), fc.nat(60), (from, first, second) => {
      const whole = promptOfPassages([{ text: 'talk', from, tokens: first + second }])
      const parts = promptOfPassages([
        { text: 'talk', from, tokens: first },
        { text: 'talk', from: from + first, tokens: second },
      ])
      expect(parts).toEqual(whole)
      expect(whole).toHaveLength(4 * (first + second))
    }),
  )
})

test('other texts, and other places of one text, are other letters', () => {
  const prompts = ['a', 'b'].flatMap((text) => [0, 50, 8_589_934_592].map((from) => promptOfPassages([{ text, from, tokens: 20 }]).join()))

  expect(new Set(prompts).size).toBe(6)
})

test('takes a session as its caller says it, and passages in place of a prompt', () => {
  const session = { id: 's', turn: 3, last: true, pause: 'tool', expectMs: 2_000, sigma: 0.5, publicTokens: 12 }

  expect(ask({ passages: [{ text: 't', from: 0, tokens: 9 }], session })).toMatchObject({
    ok: true,
    submission: {
      prompt: { length: 36 },
      session: { id: 's', turn: 3, last: true, pause: 'tool', expectMs: 2_000, sigmaPerMille: 500, publicTokens: 12 },
    },
  })
  expect(ask({ prompt: 'x', session: { id: 's' } })).toMatchObject({
    submission: { session: { turn: 0, last: false, pause: 'user', publicTokens: 0 } },
  })
  expect(ask({ prompt: 'x' })).toMatchObject({ ok: true, submission: { session: undefined } })
})

test.each([
  [{ session: 1 }, 'session to be an object'],
  [{ session: { id: '' } }, 'session.id'],
  [{ session: { id: 's', turn: -1 } }, 'session.turn'],
  [{ session: { id: 's', pause: 'nap' } }, 'session.pause to be one of tool, user'],
  [{ session: { id: 's', expectMs: 0.5 } }, 'session.expectMs'],
  [{ session: { id: 's', sigma: 11 } }, 'session.sigma from 0 to 10'],
  [{ session: { id: 's', publicTokens: 'all' } }, 'session.publicTokens'],
  [{ prompt: undefined, passages: [{ text: 't', from: 0, tokens: 2_097_152 }] }, 'expected prompt, a text, or promptTokens, or passages'],
])('says what is wrong with %j', (fields, words) => {
  expect(ask({ prompt: 'x', ...fields })).toMatchObject({ ok: false, detail: expect.stringContaining(words) })
})
