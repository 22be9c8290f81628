import { closeSync, createReadStream, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TRACE_FORMAT } from '@infermesh/kernel'
import { fromHex, type Genesis } from '@infermesh/protocol'
import type { NetworkRecord, RunResult } from '@infermesh/scenario'
import { UserError } from '../user-error.ts'
import type { FinalLog } from '../worlds/world.ts'

/** What a run left in its folder, as far as an audit needs it. */
export class RunFiles {
  readonly #folder: string

  constructor(folder: string) {
    if (!existsSync(join(folder, 'genesis.json')))
      throw new UserError(`${folder}: expected a run folder with genesis.json, log.jsonl and trace.jsonl`)
    this.#folder = folder
    this.#refuseOther()
  }

  /** What another version wrote could be read as something that it does not say. */
  #refuseOther(): void {
    const path = join(this.#folder, 'trace.jsonl')
    const format = existsSync(path) ? formatOf(firstLine(path)) : undefined
    if (format !== TRACE_FORMAT)
      throw new UserError(
        `${path}: expected a trace of format ${TRACE_FORMAT}, found ${format === undefined ? 'none' : `format ${format}, which another version made`}; run the scenario again, or use the version that made it`,
      )
  }

  genesis(): Genesis {
    return JSON.parse(this.#read('genesis.json')) as Genesis
  }

  log(): FinalLog {
    const lines = this.#read('log.jsonl')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { kind: string; envelope: string })
    return {
      checkpoints: lines.filter(({ kind }) => kind === 'checkpoint').map(({ envelope }) => fromHex(envelope)),
      entries: lines.filter(({ kind }) => kind === 'entry').map(({ envelope }) => fromHex(envelope)),
    }
  }

  /** Signatures that only the run's own world could check. */
  hasStandIns(): boolean {
    const path = join(this.#folder, 'run.json')
    return existsSync(path) && (JSON.parse(readFileSync(path, 'utf8')) as Partial<RunResult>).crypto === 'sized'
  }

  async *trace(): AsyncGenerator<NetworkRecord> {
    for await (const line of createInterface({ input: createReadStream(join(this.#folder, 'trace.jsonl')) }))
      yield JSON.parse(line) as NetworkRecord
  }

  #read(name: string): string {
    const path = join(this.#folder, name)
    if (!existsSync(path)) throw new UserError(`${path}: expected the file that a finished run leaves; has this run ended?`)
    return readFileSync(path, 'utf8')
  }
}

const FIRST_LINE_MAX = 4096

function firstLine(path: string): string {
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(FIRST_LINE_MAX)
  const length = readSync(file, bytes)
  closeSync(file)
  return bytes.toString('utf8', 0, length).split('\n')[0] ?? ''
}

/** Traces of format 1 did not say so. Nothing, when the line is no trace's first. */
function formatOf(line: string): number | undefined {
  try {
    const { event } = JSON.parse(line) as Partial<NetworkRecord>
    return event?.type === 'runStarted' ? (event.format ?? 1) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
