import { existsSync } from 'node:fs'
import { BadScenario, type Scenario, type TraceRow } from '@infermesh/scenario'

/** Reads every trace that a scenario's load names. A missing file or a bad line starts nothing. */
export async function readLoadTraces(scenario: Scenario): Promise<ReadonlyMap<number, readonly TraceRow[]>> {
  const traces = new Map<number, readonly TraceRow[]>()
  for (const [index, { trace }] of scenario.load.entries()) {
    if (trace === undefined) continue
    if (!existsSync(trace))
      throw new BadScenario(scenario.name, [
        { path: ['load', index, 'trace'], expected: 'a trace file, JSONL or CSV, gzip too', found: `no file ${trace}` },
      ])
    traces.set(index, await readRows(trace))
  }
  return traces
}

async function readRows(_file: string): Promise<readonly TraceRow[]> {
  throw new Error('not yet')
}
