import { closeSync, createWriteStream, mkdirSync, openSync, readdirSync, type WriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NetworkRecord, RunResult } from '@infermesh/scenario'
import { eventText } from '@infermesh/sim'

/** Where a run leaves what it was and what it showed: `run.json`, `trace.jsonl`, `genesis.json`, `log.jsonl`. */
export class RunFolder {
  readonly path: string
  readonly #trace: WriteStream
  readonly #peers = new Map<string, string>()
  #seq = 0
  /** The latest lines, a few as text: encoding each for itself costs as much again. */
  #text = ''
  /** Lines of this turn of the event loop, which go out as one write. Kept as bytes: a long text made of many is dear to collect. */
  #lines = Buffer.alloc(0)
  #used = 0
  #isDue = false

  /** Makes `runs/<scenario>-<n>`, or `out` when given. */
  constructor(scenario: string, out?: string) {
    this.path = out ?? nextFolder('runs', scenario)
    mkdirSync(this.path, { recursive: true })
    this.#trace = createWriteStream(join(this.path, 'trace.jsonl'))
  }

  record(record: NetworkRecord): void {
    const { at, peer } = record
    if (!this.#isDue) setImmediate(() => this.#flush())
    this.#isDue = true
    this.#text += `{"seq":${this.#seq++},"at":${at},"peer":${this.#quoted(peer)},"event":${eventText(record)}}\n`
    if (this.#text.length > TEXT_MAX) this.#encode()
  }

  write(name: string, value: unknown): void {
    writeFileSync(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`)
  }

  /** Written in pieces: all lines together may be longer than a text can be. */
  writeLines(name: string, values: Iterable<unknown>): void {
    const file = openSync(join(this.path, name), 'w')
    let lines = ''
    for (const value of values) {
      lines += `${JSON.stringify(value)}\n`
      if (lines.length < WRITE_BYTES) continue
      writeFileSync(file, lines)
      lines = ''
    }
    writeFileSync(file, lines)
    closeSync(file)
  }

  async finish(result: RunResult): Promise<void> {
    this.write('run.json', result)
    this.#flush()
    await new Promise<void>((resolve, reject) => {
      this.#trace.on('error', reject)
      this.#trace.end(resolve)
    })
  }

  #quoted(peer: string): string {
    const known = this.#peers.get(peer)
    if (known !== undefined) return known
    const quoted = JSON.stringify(peer)
    this.#peers.set(peer, quoted)
    return quoted
  }

  #encode(): void {
    const bytes = this.#text.length * UTF8_BYTES_MAX
    if (this.#lines.length - this.#used < bytes) {
      this.#write()
      this.#lines = Buffer.allocUnsafeSlow(Math.max(WRITE_BYTES, bytes))
    }
    this.#used += this.#lines.write(this.#text, this.#used)
    this.#text = ''
  }

  #flush(): void {
    this.#isDue = false
    if (this.#text !== '') this.#encode()
    this.#write()
  }

  /** The stream has what it was given until it is written, so the next lines go behind it. */
  #write(): void {
    if (this.#used > 0) this.#trace.write(this.#lines.subarray(0, this.#used))
    this.#lines = this.#lines.subarray(this.#used)
    this.#used = 0
  }
}

/** Letters that are encoded at once. */
const TEXT_MAX = 1 << 14
/** Bytes of one write. */
const WRITE_BYTES = 1 << 20
/** Of a UTF-16 code unit. */
const UTF8_BYTES_MAX = 3

function nextFolder(parent: string, scenario: string): string {
  mkdirSync(parent, { recursive: true })
  const taken = new Set(readdirSync(parent))
  let number = 1
  while (taken.has(`${scenario}-${number}`)) number++
  return join(parent, `${scenario}-${number}`)
}
