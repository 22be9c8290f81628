import type { Sequence } from './sequence.ts'

/** Waiting sequences by order number, smallest first. */
export class WaitingLine {
  readonly #line: Sequence[] = []

  size(): number {
    return this.#line.length
  }

  at(index: number): Sequence | undefined {
    return this.#line[index]
  }

  add(sequence: Sequence): void {
    let index = this.#line.length
    while (index > 0 && (this.#line[index - 1] as Sequence).order > sequence.order) index--
    this.#line.splice(index, 0, sequence)
  }

  removeAt(index: number): void {
    this.#line.splice(index, 1)
  }

  remove(sequence: Sequence): void {
    const index = this.#line.indexOf(sequence)
    if (index >= 0) this.#line.splice(index, 1)
  }

  tokens(): number {
    return this.#line.reduce((sum, sequence) => sum + sequence.tokens(), 0)
  }
}
