import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Genesis } from '@infermesh/protocol'
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
      checkpoints: lines.filter(({ kind }) => kind === 'checkpoint').map(({ envelope }) => envelope),
      entries: lines.filter(({ kind }) => kind === 'entry').map(({ envelope }) => envelope),
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
