import type { AnswerEvent } from '../src/client/answer-events.ts'

export const tokensOf = (heard: readonly AnswerEvent[]): readonly number[] =>
  heard.flatMap((event) => (event.kind === 'tokens' ? event.tokens : []))

/** The token ranges that the caller's receipts cover, in the order in which they came. */
export const rangesOf = (heard: readonly AnswerEvent[]): readonly (readonly [number, number])[] =>
  heard.flatMap((event) => (event.kind === 'receipt' ? [[event.from, event.to] as const] : []))

export const disjoint = (ranges: readonly (readonly [number, number])[]): boolean =>
  [...ranges].sort(([a], [b]) => a - b).every(([from], index, sorted) => index === 0 || from >= (sorted[index - 1]?.[1] ?? 0))

export function endOf(heard: readonly AnswerEvent[]): Extract<AnswerEvent, { kind: 'ended' }> {
  const last = heard.at(-1)
  if (last?.kind !== 'ended') throw new Error(`the answer did not end: ${JSON.stringify(last)}`)
  return last
}
