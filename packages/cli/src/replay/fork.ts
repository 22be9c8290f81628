import type { RunResult, Scenario, TraceRow } from '@infermesh/scenario'
import { type VirtualOutcome, VirtualRun } from '../hunt/virtual-run.ts'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { Divergence, recordText, TracePrint } from './trace-record.ts'

/** Two futures of one past: the run as it was, and with something changed. */
export interface Fork {
  readonly before: VirtualOutcome
  readonly after: VirtualOutcome
  /** Where they part. */
  readonly parting: string
}

export async function fork(
  scenarios: { readonly before: Scenario; readonly after: Scenario },
  traces: ReadonlyMap<number, readonly TraceRow[]>,
): Promise<Fork> {
  const past = new TracePrint()
  const before = await new VirtualRun(scenarios.before, { traces, onRecord: (record) => past.add(record) }).finish()
  const other = new Divergence(past)
  const after = await new VirtualRun(scenarios.after, { traces, onRecord: (record) => other.add(record) }).finish()
  const found = other.result()
  const parting =
    found === undefined ? 'nowhere: the runs are equal' : found === 'shorter' ? 'the changed run ends earlier' : recordText(found)
  return { before, after, parting }
}

/** Metrics and checks that differ, side by side. */
export function forkText({ before, after, parting }: Fork): string {
  const rows = [['outcome', outcomeText(before), outcomeText(after)], ...differing(before.result, after.result)]
  return [`they part at: ${parting}`, '', tableText(['', 'as it was', 'changed'], rows)].join('\n')
}

const outcomeText = ({ breakage, result }: VirtualOutcome): string =>
  breakage === undefined ? (result?.outcome ?? 'held') : `${breakage.check} broke at ${breakage.at} ms`

function differing(before: RunResult | undefined, after: RunResult | undefined): string[][] {
  const names = [...new Set([...Object.keys(before?.metrics ?? {}), ...Object.keys(after?.metrics ?? {})])]
  const text = (result: RunResult | undefined, name: string): string => {
    const value = result?.metrics[name]
    return value === undefined ? '–' : numberText(value)
  }
  return names.map((name) => [name, text(before, name), text(after, name)]).filter(([, left, right]) => left !== right)
}
