import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An error and its causes, with the places in the bundle turned into places in the sources. */
export function readableError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${readableError(error.cause)}`
  return `${readableStack(error.stack ?? error.message)}${cause}`
}

function readableStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>()
  return stack.replace(place, (found, url: string, line: string, column: string) => {
    const file = fileURLToPath(url)
    if (!maps.has(file)) maps.set(file, mapOf(file))
    const entry = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (!entry || !('originalSource' in entry)) return found
    const source = relative(process.cwd(), resolve(dirname(file), entry.originalSource))
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  })
}

/** Read only now: with Node's own source-map support every peer would pay for it at its start. */
function mapOf(file: string): SourceMap | undefined {
  const map = `${file}.map`
  return existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, 'utf8'))) : undefined
}

const place = /(file:\/\/\S+\.mjs):(\d+):(\d+)/g
