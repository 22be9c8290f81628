import { textOf } from '@infermesh/serving'
import type { AnswerEvent } from './answer-events.ts'

export type Showing =
  | { readonly state: 'told'; readonly events: readonly AnswerEvent[] }
  /** The caller can't take back what it was shown, and the answer goes on otherwise from this token. */
  | { readonly state: 'broken'; readonly at: number }

/** What the caller has been given. Tokens that come again are not said again; those that come otherwise are taken back, where it can. */
export class Shown {
  readonly #canTakeBack: boolean
  readonly #tokens: number[] = []

  constructor(canTakeBack: boolean) {
    this.#canTakeBack = canTakeBack
  }

  /** The answer's tokens from `from` on are these; what was shown before them stands. */
  show(from: number, tokens: readonly number[]): Showing {
    const shown = this.#tokens.length
    const differing = tokens.findIndex((token, index) => from + index < shown && token !== this.#tokens[from + index])
    const at = differing < 0 ? Math.max(from, Math.min(shown, from + tokens.length)) : from + differing
    const back = differing < 0 ? [] : this.#takeBack(at)
    if (back === undefined) return { state: 'broken', at }
    const fresh = tokens.slice(at - from)
    if (fresh.length === 0) return { state: 'told', events: back }
    this.#tokens.push(...fresh)
    return { state: 'told', events: [...back, { kind: 'tokens', from: at, tokens: fresh, text: textOf(fresh) }] }
  }

  /** The answer has this many tokens and no more. */
  end(count: number): Showing {
    const back = this.#tokens.length > count ? this.#takeBack(count) : []
    return back === undefined ? { state: 'broken', at: count } : { state: 'told', events: back }
  }

  #takeBack(from: number): readonly AnswerEvent[] | undefined {
    if (!this.#canTakeBack) return undefined
    this.#tokens.length = from
    return [{ kind: 'takenBack', from }]
  }
}
