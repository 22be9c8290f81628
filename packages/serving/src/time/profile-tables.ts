import { assert } from '@infermesh/kernel'
import { interpolate, type Knots, type StepLoad, type StepTime } from './step-time.ts'

/** One measured attention time of one layer, microseconds. */
export interface AttentionRow {
  readonly chunkTokens: number
  readonly chunkContext: number
  readonly decodes: number
  readonly decodeContext: number
  readonly time: number
}

export interface ProfileTables {
  readonly layers: number
  /** Whole model without attention, ms by new tokens. */
  readonly denseMs: Knots
  /** Output head and sampler, ms by sequences. */
  readonly headMs: Knots
  readonly attention: readonly AttentionRow[]
}

/** A step's cost from measured tables: straight lines between neighbours along each axis. Chunks of one step count as one of mean context. */
export function stepTimeFromTables(tables: ProfileTables): StepTime {
  const attention = new AttentionGrid(tables.attention)
  return (load) => {
    const layer = attention.time(load)
    return interpolate(tables.denseMs, load.tokens) + (tables.layers * layer) / 1000 + interpolate(tables.headMs, Math.max(load.heads, 1))
  }
}

type Axis = readonly number[]

/** The table as a four-dimensional grid. A step without chunks, or without decodes, sits on the zero plane of those axes. */
class AttentionGrid {
  readonly #axes: readonly Axis[]
  readonly #cells = new Map<number, number>()
  readonly #at = new Array<number>(4).fill(0)

  constructor(rows: readonly AttentionRow[]) {
    const columns = rows.map(pointOf)
    this.#axes = [0, 1, 2, 3].map((axis) => [...new Set(columns.map((point) => point[axis] as number))].sort((a, b) => a - b))
    rows.forEach((row, index) => {
      const cell = (columns[index] as number[]).map((value, axis) => (this.#axes[axis] as Axis).indexOf(value))
      this.#cells.set(cellNumber(cell), row.time)
    })
  }

  time(load: StepLoad): number {
    let chunk = 0
    let context = 0
    for (let index = 0; index < load.chunkTokens.length; index++) {
      chunk += load.chunkTokens[index] as number
      context += (load.chunkTokens[index] as number) * (load.chunkContext[index] as number)
    }
    if (chunk + load.decodes === 0) return 0
    const decodeContext = load.decodes === 0 ? 0 : load.decodeContext / load.decodes
    return this.#along(0, [chunk, chunk === 0 ? 0 : context / chunk, load.decodes, decodeContext])
  }

  #along(axis: number, point: readonly number[]): number {
    if (axis === 4) return this.#cell()
    const knots = this.#axes[axis] as Axis
    const position = point[axis] as number
    const right = this.#rightOf(axis, position, point)
    if (right === 0) return this.#fixed(axis, 0, point)
    const left = right - 1
    const share = (position - (knots[left] as number)) / ((knots[right] as number) - (knots[left] as number))
    if (share === 1) return this.#fixed(axis, right, point)
    const low = this.#fixed(axis, left, point)
    return low + share * (this.#fixed(axis, right, point) - low)
  }

  #fixed(axis: number, index: number, point: readonly number[]): number {
    this.#at[axis] = index
    return this.#along(axis + 1, point)
  }

  /** Zero stands apart: what exists at all is measured from the first positive knot on. Beyond the last knot its line goes on. */
  #rightOf(axis: number, position: number, point: readonly number[]): number {
    const knots = this.#axes[axis] as Axis
    const startsAtZero = axis === 1 && (point[0] as number) > 0
    if (position <= 0) return 0
    const last = axis === 2 && (point[0] as number) > 0 ? knots.length - 2 : knots.length - 1
    let right = startsAtZero ? 1 : 2
    while (right < last && (knots[right] as number) < position) right++
    return right
  }

  #cell(): number {
    const time = this.#cells.get(cellNumber(this.#at))
    assert(time !== undefined, `expected an attention time at grid cell ${this.#at.join(', ')}, found none: the profile is incomplete`)
    return time
  }
}

const pointOf = (row: AttentionRow): number[] => [row.chunkTokens, row.chunkContext, row.decodes, row.decodeContext]
const cellNumber = (cell: readonly number[]): number => cell.reduce((number, index) => number * 64 + index, 0)
