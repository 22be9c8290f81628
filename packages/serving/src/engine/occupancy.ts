import type { IdleKeeper } from '../idle/idle-keeper.ts'
import type { KvMemory } from './kv-memory.ts'

/** Blocks by state, averaged over engine time while it worked. They add up to the pool. */
export interface OccupancySummary {
  /** Held by running requests. */
  readonly active: number
  /** Content that waits to be used again. */
  readonly idle: number
  readonly free: number
  /** Most blocks that running requests held at once. */
  readonly activeMax: number
  /** The same shares over time, at most `pointsMax` moments. */
  readonly series: readonly OccupancyPoint[]
}

export interface OccupancyPoint {
  readonly atMs: number
  readonly active: number
  readonly idle: number
  readonly free: number
}

const pointsMax = 128

/** Keeps time-weighted sums, and a series that halves its density whenever it is full. */
export class Occupancy {
  readonly #memory: KvMemory
  readonly #keeper: IdleKeeper | undefined
  #series: OccupancyPoint[] = []
  #everySteps = 1
  #steps = 0
  #weight = 0
  #active = 0
  #free = 0
  #activeMax = 0

  constructor(memory: KvMemory, keeper: IdleKeeper | undefined) {
    this.#memory = memory
    this.#keeper = keeper
  }

  sample(at: number, durationMs: number): void {
    const { pool } = this.#memory
    const active = pool.blocks - pool.free() - (this.#keeper?.blocks() ?? 0)
    const free = pool.empty()
    this.#weight += durationMs
    this.#active += active * durationMs
    this.#free += free * durationMs
    this.#activeMax = Math.max(this.#activeMax, active)
    if (this.#steps++ % this.#everySteps !== 0) return
    this.#series.push({ atMs: Math.round(at), active, idle: pool.blocks - active - free, free })
    if (this.#series.length < pointsMax) return
    this.#series = this.#series.filter((_, index) => index % 2 === 0)
    this.#everySteps *= 2
  }

  summary(): OccupancySummary {
    const weight = Math.max(this.#weight, Number.MIN_VALUE)
    const active = this.#active / weight
    const free = this.#weight === 0 ? this.#memory.pool.blocks : this.#free / weight
    return { active, free, idle: this.#memory.pool.blocks - active - free, activeMax: this.#activeMax, series: this.#series }
  }
}
