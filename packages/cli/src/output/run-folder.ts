import { createWriteStream, mkdirSync, readdirSync, type WriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NetworkRecord, RunResult } from '@infermesh/scenario'
import { eventText } from '@infermesh/sim'

/** Where a run leaves what it was and what it showed: `run.json`, `trace.jsonl`, `genesis.json`, `log.jsonl`. */
export class RunFolder {
  readonly path: string
  readonly #trace: WriteStream
  #seq = 0
  /** Lines of this turn of the event loop, which go out as one write. */
  #lines = ''

  /** Makes `runs/<scenario>-<n>`, or `out` when given. */
  constructor(scenario: string, out?: string) {
    this.path = out ?? nextFolder('runs', scenario)
    mkdirSync(this.path, { recursive: true })
    this.#trace = createWriteStream(join(this.path, 'trace.jsonl'))
  }

  record(record: NetworkRecord): void {
    const { at, peer } = record
    if (this.#lines === '') setImmediate(() => this.#flush())
    this.#lines += `{"seq":${this.#seq++},"at":${at},"peer":${JSON.stringify(peer)},"event":${eventText(record)}}\n`
    if (this.#lines.length > WRITE_MAX) this.#flush()
  }

  write(name: string, value: unknown): void {
    writeFileSync(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`)
  }

  writeLines(name: string, values: readonly unknown[]): void {
    writeFileSync(join(this.path, name), values.map((value) => `${JSON.stringify(value)}\n`).join(''))
  }

  async finish(result: RunResult): Promise<void> {
    this.write('run.json', result)
    this.#flush()
    await new Promise<void>((resolve, reject) => {
      this.#trace.on('error', reject)
      this.#trace.end(resolve)
    })
  }

  #flush(): void {
    if (this.#lines === '') return
    this.#trace.write(this.#lines)
    this.#lines = ''
  }
}

/** Letters of one write. */
const WRITE_MAX = 1 << 20

function nextFolder(parent: string, scenario: string): string {
  mkdirSync(parent, { recursive: true })
  const taken = new Set(readdirSync(parent))
  let number = 1
  while (taken.has(`${scenario}-${number}`)) number++
  return join(parent, `${scenario}-${number}`)
}
