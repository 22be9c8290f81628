import { existsSync } from 'node:fs'
import { BadScenario, type Scenario, type TraceRow } from '@infermesh/scenario'
import { readTrace } from '@infermesh/serving/files'
import { UserError } from '../user-error.ts'

/** Reads every trace that a scenario's load names. A missing file or a bad line starts nothing. */
export async function readLoadTraces(scenario: Scenario): Promise<ReadonlyMap<number, readonly TraceRow[]>> {
  const traces = new Map<number, readonly TraceRow[]>()
  for (const [index, { trace }] of scenario.load.entries()) {
    if (trace === undefined) continue
    if (!existsSync(trace)) {
      const expected = 'a trace file, JSONL or CSV, gzip too'
      throw new BadScenario(scenario.name, [{ path: ['load', index, 'trace'], expected, found: `no file ${trace}` }])
    }
    traces.set(index, await readRows(trace))
  }
  return traces
}

async function readRows(file: string): Promise<readonly TraceRow[]> {
  try {
    const { requests } = await readTrace(file)
    return requests.map(({ arrivalMs, promptTokens, answerTokens }) => ({ at: arrivalMs, promptTokens, answerTokens }))
  } catch (error) {
    throw error instanceof Error ? new UserError(error.message) : error
  }
}
