/** A request that will come, by its name and those of its blocks. */
export interface ComingRequest {
  readonly id: string
  readonly keys: ArrayLike<number>
}

/** Everything that will be asked for, in order of arrival: for Belady's optimum, where a trace is known in advance. */
export class Future {
  readonly #numbers = new Map<string, number>()
  readonly #cameAlready: Uint8Array
  /** For each content, the numbers of the requests that ask for it, the first one at the end. */
  readonly #uses = new Map<number, number[]>()

  constructor(requests: readonly ComingRequest[]) {
    this.#cameAlready = new Uint8Array(requests.length)
    for (let number = requests.length - 1; number >= 0; number--) {
      const { id, keys } = requests[number] as ComingRequest
      this.#numbers.set(id, number)
      for (let index = 0; index < keys.length; index++) this.#add(keys[index] as number, number)
    }
  }

  came(id: string): void {
    const number = this.#numbers.get(id)
    if (number !== undefined) this.#cameAlready[number] = 1
  }

  /** The number of the next request that asks for this content; Infinity when nobody will. */
  nextUse(key: number): number {
    const uses = this.#uses.get(key)
    while (uses !== undefined && uses.length > 0 && this.#cameAlready[uses[uses.length - 1] as number] === 1) uses.pop()
    return uses?.at(-1) ?? Number.POSITIVE_INFINITY
  }

  #add(key: number, number: number): void {
    const uses = this.#uses.get(key)
    if (uses === undefined) this.#uses.set(key, [number])
    else uses.push(number)
  }
}
