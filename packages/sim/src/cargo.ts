import { assert } from '@infermesh/kernel'

/** Objects that ride on an event, which itself carries only numbers. */
export class Cargo<T extends object> {
  readonly #items: (T | undefined)[] = []
  readonly #free: number[] = []

  put(item: T): number {
    const index = this.#free.pop() ?? this.#items.length
    this.#items[index] = item
    return index
  }

  /** Each item is taken once, by the event that carries it. */
  take(index: number): T {
    const item = this.#items[index]
    assert(item !== undefined, `event cargo ${index} was taken twice`)
    this.#items[index] = undefined
    this.#free.push(index)
    return item
  }
}
