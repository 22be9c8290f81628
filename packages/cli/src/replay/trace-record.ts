import type { NetworkRecord } from '@infermesh/scenario'

/** A trace kept as one number for each record, to be compared with another as it comes. */
export class TracePrint {
  readonly #prints: number[] = []

  add(record: NetworkRecord): void {
    this.#prints.push(printOf(record))
  }

  size(): number {
    return this.#prints.length
  }

  at(index: number): number | undefined {
    return this.#prints[index]
  }
}

/** FNV-1a over the record's JSON. */
export function printOf(record: NetworkRecord): number {
  const text = JSON.stringify(record)
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** The first place where a trace leaves another that was kept. */
export class Divergence {
  readonly #expected: TracePrint
  #index = 0
  #found: NetworkRecord | undefined

  constructor(expected: TracePrint) {
    this.#expected = expected
  }

  add(record: NetworkRecord): void {
    if (this.#found === undefined && this.#expected.at(this.#index) !== printOf(record)) this.#found = record
    this.#index++
  }

  /** The record that differs, or `shorter` when this trace ended before the other. */
  result(): NetworkRecord | 'shorter' | undefined {
    if (this.#found !== undefined) return this.#found
    return this.#index < this.#expected.size() ? 'shorter' : undefined
  }
}

export const recordText = ({ at, peer, event }: NetworkRecord): string => {
  const text = JSON.stringify(event)
  return `${at} ms ${peer} ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`
}
