import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SecretBook } from './secret-book.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

test('a secret is found wherever it lies', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 12, maxLength: 60 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
      (secret, before, after) => {
        const book = new SecretBook()
        book.add('r1', secret)

        expect(book.find(Uint8Array.from([...before, ...secret, ...after]))).toBe('r1')
      },
    ),
  )
})

test('what is not there is not found, and half of it is not it', () => {
  const book = new SecretBook()
  book.add('r1', bytes('a contract of two parties'))

  expect(book.find(bytes('a contract of three parties and more'))).toBeUndefined()
  expect(book.find(bytes('a contract of tw'))).toBeUndefined()
  expect(book.find(new Uint8Array())).toBeUndefined()
})

test('a word too short to be told from chance is no secret', () => {
  const book = new SecretBook()
  book.add('r1', bytes('yes'))

  expect(book.find(bytes('yes, yes, yes, yes'))).toBeUndefined()
})
