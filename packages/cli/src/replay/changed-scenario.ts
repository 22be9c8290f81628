import type { Scenario } from '@infermesh/scenario'
import { UserError } from '../user-error.ts'

const UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, '%': 0.01 }

/** `faults.0.at=31s`, `load.0.rate=9`: a path in the resolved scenario and its new value; `faults.2=none` takes a fault away. */
export function changedScenario(scenario: Scenario, changes: readonly string[]): Scenario {
  const copy = structuredClone(scenario) as unknown as Record<string, unknown>
  const removed: number[] = []
  for (const change of changes) {
    const [, path = '', text = ''] = /^([^=]+)=(.*)$/.exec(change) ?? []
    if (path === '') throw new UserError(`--set: expected path=value, such as faults.0.at=31s, found ${change}`)
    const fault = /^faults\.(\d+)$/.exec(path)
    if (fault !== null && text === 'none') removed.push(Number(fault[1]))
    else set(copy, path.split('.'), readValue(text))
  }
  // What was a scenario is one still: paths must exist, and values keep their kind.
  const changed = copy as unknown as Scenario
  return { ...changed, faults: changed.faults.filter((_, index) => !removed.includes(index)) }
}

function set(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let place = target
  for (const step of path.slice(0, -1)) {
    const next = place[step]
    if (typeof next !== 'object' || next === null)
      throw new UserError(`--set: expected a path that is in the scenario, found nothing at ${step}`)
    place = next as Record<string, unknown>
  }
  const last = path.at(-1) ?? ''
  const before = place[last]
  if (before === undefined || typeof before !== typeof value)
    throw new UserError(
      `--set ${path.join('.')}: expected ${before === undefined ? 'a path that is in the scenario' : `a ${typeof before}`}, found ${JSON.stringify(value)}`,
    )
  place[last] = value
}

function readValue(text: string): unknown {
  const [, number, unit] = /^(-?\d+(?:\.\d+)?)(ms|s|m|%)?$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * (UNIT[unit ?? 'ms'] ?? 1)
  if (/^[[{"]|^(true|false)$/.test(text)) return JSON.parse(text) as unknown
  return text
}

/** `31.2s`, `31200ms` or `31200`. */
export function instantOf(flag: string, text: string): number {
  const value = readValue(text)
  if (typeof value !== 'number' || value < 0) throw new UserError(`${flag}: expected an instant such as 31.2s, found ${text}`)
  return Math.round(value)
}
