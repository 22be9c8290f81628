import { Worker } from 'node:worker_threads'
import type { NetworkRecord, RunCheck, Scenario, TraceRow } from '@infermesh/scenario'
import { VirtualRun } from '../hunt/virtual-run.ts'
import { Divergence, recordText, TracePrint } from './trace-record.ts'

export interface Proof {
  readonly traceHash: string
  readonly records: number
  readonly check: RunCheck
}

/** Runs a scenario twice in virtual time, the second time while another thread keeps a core busy, and compares record by record. */
export async function proveScenario(scenario: Scenario, traces?: ReadonlyMap<number, readonly TraceRow[]>): Promise<Proof> {
  const first = new TracePrint()
  const run = (onRecord: (record: NetworkRecord) => void) =>
    new VirtualRun(scenario, { onRecord, ...(traces === undefined ? {} : { traces }) }).finish()
  const { traceHash } = await run((record) => first.add(record))
  const second = new Divergence(first)
  const load = new Worker('for (;;) Math.sqrt(2)', { eval: true })
  try {
    const again = await run((record) => second.add(record))
    const difference = second.result()
    const held = difference === undefined && again.traceHash === traceHash
    const actual =
      difference === 'shorter' ? 'the second trace is shorter' : difference && `first different record: ${recordText(difference)}`
    const check = { name: 'the same seed is the same run, also under load', held, expected: traceHash, actual: actual ?? again.traceHash }
    return { traceHash, records: first.size(), check }
  } finally {
    await load.terminate()
  }
}
