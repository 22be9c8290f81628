import { existsSync } from 'node:fs'
import { BadScenario, type Scenario, type TraceRow } from '@infermesh/scenario'
import type { TraceRequest } from '@infermesh/serving'
import { readTrace } from '@infermesh/serving/files'
import { UserError } from '../user-error.ts'
import { sessionRows } from './session-rows.ts'

/** Every trace that a scenario's load names, and its conversations. A missing file or a bad line starts nothing. */
export async function readLoadTraces(scenario: Scenario): Promise<ReadonlyMap<number, readonly TraceRow[]>> {
  const traces = new Map<number, readonly TraceRow[]>()
  for (const [index, { trace, sessions }] of scenario.load.entries()) {
    if (trace === undefined && sessions !== undefined) traces.set(index, sessionRows(scenario, index))
    if (trace === undefined) continue
    if (!existsSync(trace)) {
      const expected = 'a trace file, JSONL or CSV, gzip too'
      throw new BadScenario(scenario.name, [{ path: ['load', index, 'trace'], expected, found: `no file ${trace}` }])
    }
    const requests = await readRequests(trace)
    traces.set(index, sessions === undefined ? requests.map(rowOf) : sessionRows(scenario, index, requests))
  }
  return traces
}

const rowOf = ({ arrivalMs, promptTokens, answerTokens }: TraceRequest): TraceRow => ({ at: arrivalMs, promptTokens, answerTokens })

async function readRequests(file: string): Promise<readonly TraceRequest[]> {
  try {
    const { requests } = await readTrace(file)
    return requests
  } catch (error) {
    throw error instanceof Error ? new UserError(error.message) : error
  }
}
