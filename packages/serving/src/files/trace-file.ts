import { formOf, lineParser, type TraceForm } from '../trace/trace-lines.ts'
import { isBad, type LineParser, type TraceRequest } from '../trace/trace-request.ts'
import { linesOf } from './lines.ts'

export interface TraceFileOptions {
  /** Told from the first line when absent. */
  readonly form?: TraceForm
  /** Leaves out lines that are no requests, and counts them, instead of failing at the first. */
  readonly skipBad?: boolean
  /** Stops after so many requests. */
  readonly limit?: number
}

export interface TraceFile {
  readonly form: TraceForm
  readonly requests: readonly TraceRequest[]
  readonly skipped: number
}

/** Reads a trace of requests, gzip or not. A bad line fails with the file, the line and what was expected. */
export async function readTrace(path: string, options: TraceFileOptions = {}): Promise<TraceFile> {
  const requests: TraceRequest[] = []
  let form = options.form
  let parse: LineParser | undefined
  let skipped = 0
  for await (const { text, number } of linesOf(path)) {
    form ??= formOf(text)
    if (form === undefined)
      throw new Error(`${path}:${number}: expected a Mooncake, Azure, agentic, vLLM or plain trace, found "${text.slice(0, 60)}"`)
    parse ??= lineParser(form)
    const parsed = parse(text, number)
    if (!isBad(parsed)) requests.push(...parsed)
    else if (options.skipBad === true) skipped++
    else throw new Error(`${path}:${number}: ${parsed.fault}`)
    if (options.limit !== undefined && requests.length >= options.limit) break
  }
  if (form === undefined) throw new Error(`${path}: expected a trace of requests, found an empty file`)
  return { form, requests, skipped }
}
