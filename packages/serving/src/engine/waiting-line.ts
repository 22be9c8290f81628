import type { Sequence } from './sequence.ts'

/** Waiting sequences by order number, smallest first. The first ones leave and come back without moving the others. */
export class WaitingLine {
  readonly #line: (Sequence | undefined)[] = []
  /** Places before it are empty. */
  #first = 0

  size(): number {
    return this.#line.length - this.#first
  }

  at(index: number): Sequence | undefined {
    return this.#line[this.#first + index]
  }

  add(sequence: Sequence): void {
    const place = this.#placeOf(sequence.order)
    if (place === this.#first && place > 0) this.#line[--this.#first] = sequence
    else this.#line.splice(place, 0, sequence)
  }

  removeAt(index: number): void {
    if (index > 0) {
      this.#line.splice(this.#first + index, 1)
      return
    }
    this.#line[this.#first++] = undefined
    if (this.#first < 2 * SPARE || this.#first * 2 < this.#line.length) return
    this.#line.splice(0, this.#first - SPARE)
    this.#first = SPARE
  }

  remove(sequence: Sequence): void {
    const place = this.#line.indexOf(sequence, this.#first)
    if (place >= 0) this.removeAt(place - this.#first)
  }

  /** Behind all that have the same order number or a smaller one. */
  #placeOf(order: number): number {
    let [low, high] = [this.#first, this.#line.length]
    if (low === high || (this.#line[high - 1] as Sequence).order <= order) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#line[middle] as Sequence).order <= order) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Empty places kept in front for those who come back. */
const SPARE = 64
