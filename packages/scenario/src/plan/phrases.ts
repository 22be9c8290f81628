import { randomFrom } from '@infermesh/kernel'

/**
 * Prompts that many people write, numbered from 0: what an agent's template or a popular question looks like. Anyone can list them, and
 * that is the point: a guesser has them all.
 */
export function phraseOf(number: number): string {
  const random = randomFrom('phrases').fork(String(number))
  const word = (list: readonly string[]): string => list[random.below(list.length)] ?? ''
  const lines = Array.from({ length: 1 + random.below(30) }, () => `${word(VERBS)} ${word(SCOPES)} ${word(THINGS)}.`)
  return [`Case ${number}.`, ...lines].join(' ')
}

const VERBS = ['Summarize', 'Check', 'Translate', 'Explain', 'List', 'Compare', 'Shorten', 'Rewrite'] as const
const SCOPES = ['all of', 'the risks in', 'the dates in', 'every clause of', 'the main point of', 'each number in'] as const
const THINGS = ['this contract', 'the attached report', 'my lab results', 'the invoice below', 'these meeting notes', 'our offer'] as const
