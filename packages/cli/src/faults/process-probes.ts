import type { Millis } from '@infermesh/kernel'
import type { FaultControl } from '@infermesh/testnet'
import type { Pair } from './probes.ts'

const IDLE_PROBES = 4
const IDLE_PATIENCE: Millis = 500

export type OnProbe = (delayMs: number | undefined) => void

interface Kind {
  readonly from: string
  readonly to: string
  readonly bytes: number
}

export interface ProcessProbesInit {
  readonly faults: FaultControl
  /** A probe that has not arrived by then counts as lost. */
  readonly patience: Millis
  /** Takes over what is still under way. */
  readonly keep: (work: Promise<unknown>) => void
}

/** Probes between processes: those of one kind that are sent at one time go as one order. */
export class ProcessProbes {
  readonly #init: ProcessProbesInit
  readonly #idle = new Map<string, number>()
  #waiting: { readonly kind: Kind; readonly onResults: OnProbe[] }[] = []

  constructor(init: ProcessProbesInit) {
    this.#init = init
  }

  add(kind: Kind, onResult: OnProbe): void {
    const last = this.#waiting.at(-1)
    if (last !== undefined && isSame(last.kind, kind)) last.onResults.push(onResult)
    else this.#waiting.push({ kind, onResults: [onResult] })
    queueMicrotask(() => this.send())
  }

  /** To be called before a link changes: what was sent before must go before. */
  send(): void {
    const all = this.#waiting
    this.#waiting = []
    const { faults, patience, keep } = this.#init
    for (const { kind, onResults } of all) {
      let index = 0
      keep(faults.probe({ ...kind, count: onResults.length, patience }, (delay) => onResults[index++]?.(delay)))
    }
  }

  /** Shortest delay over these links when they were last prepared. */
  idleMs(pairs: readonly Pair[]): number | undefined {
    const known = pairs.flatMap(([from, to]) => this.#idle.get(`${from} ${to}`) ?? [])
    return known.length === 0 ? undefined : Math.min(...known)
  }

  async prepare(pairs: readonly Pair[]): Promise<void> {
    await Promise.all(pairs.map(([from, to]) => this.#measureIdle(from, to)))
  }

  /** One by one: what holds one probe up need not hold up the next. */
  async #measureIdle(from: string, to: string): Promise<void> {
    const { faults } = this.#init
    await faults.prepareProbes(from, to)
    const delays: number[] = []
    const link = { from, to, count: 1, bytes: 0, patience: IDLE_PATIENCE }
    for (let probe = 0; probe < IDLE_PROBES; probe++) await faults.probe(link, (delay) => delay !== undefined && delays.push(delay))
    this.#idle.delete(`${from} ${to}`)
    if (delays.length > 0) this.#idle.set(`${from} ${to}`, Math.min(...delays))
  }
}

const isSame = (left: Kind, right: Kind): boolean => left.from === right.from && left.to === right.to && left.bytes === right.bytes
