import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import type { RunCheck, RunResult, Scenario } from '@infermesh/scenario'
import { silent } from '../output/progress.ts'
import { type RunOptions, runScenario } from '../run-scenario.ts'

/** Makes a run in virtual time again, this time while another thread keeps a core busy, and compares the traces line by line. */
export async function proveRun(
  scenario: Scenario,
  first: { readonly result: RunResult; readonly folder: string },
  options: Omit<RunOptions, 'progress' | 'out'>,
): Promise<RunCheck> {
  const load = new Worker('for (;;) Math.sqrt(2)', { eval: true })
  try {
    const again = await runScenario(scenario, { ...options, progress: silent, out: join(first.folder, 'again') })
    const difference = await firstDifference(traceOf(first.folder), traceOf(again.folder))
    const { traceHash: expected = '' } = first.result
    const { traceHash: found = '' } = again.result
    return {
      name: 'the same seed is the same run, also under load',
      held: difference === undefined && expected === found,
      expected,
      actual: difference === undefined ? found : `first different record: ${difference}`,
    }
  } finally {
    await load.terminate()
  }
}

const traceOf = (folder: string): string => join(folder, 'trace.jsonl')

/** The first line of the second file that the first has not at that place; what is missing there counts too. */
export async function firstDifference(expected: string, found: string): Promise<string | undefined> {
  const lines = createInterface({ input: createReadStream(expected) })[Symbol.asyncIterator]()
  for await (const line of createInterface({ input: createReadStream(found) })) {
    const { value, done = false } = await lines.next()
    if (done || value !== line) return line
  }
  const { value, done = false } = await lines.next()
  return done ? undefined : `missing: ${value}`
}
