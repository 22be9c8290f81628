import { expect, test } from 'vitest'
import { answerHashOf, asciiBytes, bodyHashOf, promptTextOf, saltedPrompt, tokensHashOf } from './derive.ts'
import { nodeCryptography } from './node/cryptography.ts'

const { hash } = nodeCryptography
const text = asciiBytes('Is it signed?')
const salt = (value: number): Uint8Array => new Uint8Array(16).fill(value)
const [yes, no] = [[1, 2, 3], [4]]

test('a model reads a prompt without its salt', () => {
  expect(promptTextOf(saltedPrompt(salt(1), text))).toEqual(text)
  expect(promptTextOf(text)).toEqual(text)
})

test('the hash of a likely answer is found by trying, unless the prompt was salted', () => {
  const guesses = [yes, no].map((tokens) => tokensHashOf(hash, tokens))
  const published = (prompt: Uint8Array) => answerHashOf(hash, prompt, yes)

  expect(guesses).toContain(published(text))
  expect(guesses).not.toContain(published(saltedPrompt(salt(1), text)))
  expect(published(saltedPrompt(salt(1), text))).not.toBe(published(saltedPrompt(salt(2), text)))
})

test('who has the salt can check: the same answer has the same hash, another has another', () => {
  const prompt = saltedPrompt(salt(7), text)

  expect(answerHashOf(hash, prompt, yes)).toBe(answerHashOf(hash, prompt.slice(), yes.slice()))
  expect(answerHashOf(hash, prompt, yes)).not.toBe(answerHashOf(hash, prompt, no))
  expect(answerHashOf(hash, prompt, yes)).not.toBe(bodyHashOf(hash, prompt))
})
