import { existsSync, readFileSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml'
import { misfits } from '../misfits.ts'
import { BadScenario, type Problem } from '../problems.ts'
import { resolveScenario, type Scenario } from '../resolve.ts'
import type { WorldName } from '../schema/scenario.ts'

export interface ReadOptions {
  /** `load.0.rate=8/s`: a path in the file and its new value, read as YAML. */
  readonly set?: readonly string[]
  readonly seed?: number
  /** Where the scenario is going to run, given what it says: what a world can't honour is refused with its place. */
  readonly runsIn?: (scenario: Scenario) => readonly WorldName[]
}

/** Reads a `.yaml` or `.ts` scenario. Throws `BadScenario` with file, line and column; starts nothing. */
export async function readScenario(file: string, options: ReadOptions = {}): Promise<Scenario> {
  if (!existsSync(file)) {
    throw new BadScenario(file, [{ path: [], expected: 'a scenario file (.yaml or .ts)', found: 'no file of that name' }])
  }
  return file.endsWith('.ts') ? await readScript(file, options) : readYaml(file, options)
}

function readYaml(file: string, options: ReadOptions): Scenario {
  const lineCounter = new LineCounter()
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter, uniqueKeys: true })
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0])
    throw new BadScenario(
      file,
      [{ path: [], expected: 'YAML', found: error.message.split('\n')[0] ?? 'something else' }],
      () => `${file}:${line}:${col}`,
    )
  }
  const input = withOverrides(document.toJS() as unknown, options)
  const place = (problem: Problem): string => locate(file, document, lineCounter, problem)
  return fitting(resolveScenario(input, file, place), { file, place, options })
}

async function readScript(file: string, options: ReadOptions): Promise<Scenario> {
  const module = (await import(pathToFileURL(resolvePath(file)).href)) as { default?: unknown }
  if (module.default === undefined) {
    throw new BadScenario(file, [{ path: [], expected: 'export default scenario({ … })', found: 'no default export' }])
  }
  return fitting(resolveScenario(withOverrides(structuredClone(module.default), options), file), { file, options })
}

interface Source {
  readonly file: string
  readonly options: ReadOptions
  readonly place?: (problem: Problem) => string
}

function fitting(scenario: Scenario, { file, options, place }: Source): Scenario {
  const problems = options.runsIn?.(scenario).flatMap((world) => misfits(scenario, world)) ?? []
  if (problems.length === 0) return scenario
  throw new BadScenario(file, problems, place)
}

function withOverrides(input: unknown, options: ReadOptions): unknown {
  if (options.seed !== undefined) setPath(input, ['seed'], options.seed)
  for (const assignment of options.set ?? []) {
    const at = assignment.indexOf('=')
    if (at < 1) throw new BadScenario('--set', [{ path: [], expected: 'path=value, such as load.0.rate=8/s', found: assignment }])
    setPath(input, assignment.slice(0, at).split('.'), parseDocument(assignment.slice(at + 1)).toJS() as unknown)
  }
  return input
}

function setPath(input: unknown, path: readonly string[], value: unknown): void {
  let target = input as Record<string, unknown>
  for (const step of path.slice(0, -1)) {
    const next = target[step]
    if (typeof next !== 'object' || next === null) {
      throw new BadScenario('--set', [{ path: [...path], expected: 'a path that is in the scenario', found: `nothing at ${step}` }])
    }
    target = next as Record<string, unknown>
  }
  target[path.at(-1) ?? ''] = value
}

/** The line of the key that is wrong; where the file lacks it, of the nearest thing that it has. */
function locate(file: string, document: Document, lineCounter: LineCounter, { path }: Problem): string {
  for (let depth = path.length; depth >= 0; depth--) {
    const offset = offsetOf(document, path.slice(0, depth))
    if (offset === undefined) continue
    const { line, col } = lineCounter.linePos(offset)
    return `${file}:${line}:${col}`
  }
  return `${file}:1:1`
}

function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (path.length > 0 && isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(path.at(-1)))
    if (pair !== undefined && isNode(pair.key)) return (isNode(pair.value) ? pair.value.range?.[0] : undefined) ?? pair.key.range?.[0]
  }
  const node = document.getIn(path, true)
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined
}
