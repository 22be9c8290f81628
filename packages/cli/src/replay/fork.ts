import type { Millis } from '@infermesh/kernel'
import type { NetworkRecord, RunResult, Scenario } from '@infermesh/scenario'
import type { VirtualOutcome } from '../hunt/breakage.ts'
import { finishIn } from '../hunt/finish-in.ts'
import type { VirtualWorld } from '../hunt/replay-file.ts'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'
import { Future, type Traces } from './future.ts'
import { Divergence, recordText, TracePrint } from './trace-record.ts'

/** Two futures of one past: the run as it was, and with something changed. */
export interface Fork {
  readonly before: VirtualOutcome
  /** The run as it was, but that the peers with a new policy are restarted without one: what of the change is only the restart. */
  readonly restarted?: VirtualOutcome
  readonly after: VirtualOutcome
  /** Where they part. */
  readonly parting: string
}

export interface ForkOptions {
  readonly world: VirtualWorld
  readonly before: Scenario
  readonly after: Scenario
  /** The change holds from this instant on; from the start, unless told. */
  readonly from?: Millis
}

export async function fork({ world, before: was, after: changed, from }: ForkOptions, traces: Traces): Promise<Fork> {
  const past = new TracePrint()
  const before = await finishIn(world, was, { traces, onRecord: (record) => past.add(record) })
  const other = new Divergence(past)
  const onRecord = (record: NetworkRecord): void => other.add(record)
  if (from === undefined) {
    const after = await finishIn(world, changed, { traces, onRecord })
    return { before, after, parting: partingOf(other) }
  }
  const future = new Future({ before: was, after: changed, from }, traces)
  const told = future.run(true)
  const after = await finishIn(world, told.scenario, { ...told.options, onRecord })
  const parting = other.result()
  if (parting !== undefined && parting !== 'shorter' && parting.at < from)
    throw new UserError(`--set: expected a change that acts from ${from} ms on, found one that acts at ${recordText(parting)}`)
  const alone = future.moved.length > 0 ? future.run(false) : undefined
  const restarted = alone && (await finishIn(world, alone.scenario, alone.options))
  return { before, after, parting: partingOf(other), ...(restarted === undefined ? {} : { restarted }) }
}

function partingOf(other: Divergence): string {
  const found = other.result()
  return found === undefined ? 'nowhere: the runs are equal' : found === 'shorter' ? 'the changed run ends earlier' : recordText(found)
}

/** Metrics and checks that differ, side by side. */
export function forkText({ before, restarted, after, parting }: Fork): string {
  const columns = [
    { name: 'as it was', outcome: before },
    ...(restarted === undefined ? [] : [{ name: 'only restarted', outcome: restarted }]),
    { name: 'changed', outcome: after },
  ]
  const results = columns.map(({ outcome }) => outcome.result)
  const rows = [['outcome', ...columns.map(({ outcome }) => outcomeText(outcome))], ...differing(results)]
  return [`they part at: ${parting}`, '', tableText(['', ...columns.map(({ name }) => name)], rows)].join('\n')
}

const outcomeText = ({ breakage, result }: VirtualOutcome): string =>
  breakage === undefined ? (result?.outcome ?? 'held') : `${breakage.check} broke at ${breakage.at} ms`

function differing(results: readonly (RunResult | undefined)[]): string[][] {
  const names = [...new Set(results.flatMap((result) => Object.keys(result?.metrics ?? {})))]
  const text = (result: RunResult | undefined, name: string): string => {
    const value = result?.metrics[name]
    return value === undefined ? '–' : numberText(value)
  }
  return names.map((name) => [name, ...results.map((result) => text(result, name))]).filter(([, ...values]) => new Set(values).size > 1)
}
