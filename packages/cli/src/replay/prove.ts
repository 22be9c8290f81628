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
      actual: difference === undefined ? found : differenceText(difference),
    }
  } finally {
    await load.terminate()
  }
}

const traceOf = (folder: string): string => join(folder, 'trace.jsonl')

/** One place of two traces, from 1, and what stands there; nothing where a trace has ended before. */
interface TraceDifference {
  readonly line: number
  readonly expected: string | undefined
  readonly found: string | undefined
}

/** The first place where two files are not the same. */
export async function firstDifference(expected: string, found: string): Promise<TraceDifference | undefined> {
  const [left, right] = [linesOf(expected), linesOf(found)]
  for (let line = 1; ; line++) {
    const [first, second] = await Promise.all([left.next(), right.next()])
    if (first.done === true && second.done === true) return undefined
    const difference = { line, expected: textOf(first), found: textOf(second) }
    if (difference.expected !== difference.found) return difference
  }
}

const linesOf = (file: string): AsyncIterator<string> => createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]()
const textOf = ({ done, value }: IteratorResult<string>): string | undefined => (done === true ? undefined : value)

const differenceText = ({ line, expected = 'the end', found = 'the end' }: TraceDifference): string =>
  `first different record, line ${line}: first ${expected}, then ${found}`
