import type { z } from 'zod'
import { faultKinds, writtenKind } from './schema/faults/fault.ts'

/** One thing wrong with a scenario: where in it, what was expected, what was found. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly expected: string
  readonly found: string
}

/** A scenario that can't be run. Nothing was started. */
export class BadScenario extends Error {
  override readonly name = 'BadScenario'
  readonly problems: readonly Problem[]

  constructor(source: string, problems: readonly Problem[], locate: (problem: Problem) => string = () => source) {
    super(
      problems.map((problem) => `${locate(problem)} ${pathText(problem)}expected ${problem.expected}, found ${problem.found}`).join('\n'),
    )
    this.problems = problems
  }
}

const pathText = ({ path }: Problem): string => (path.length === 0 ? '' : `${path.join('.')}: `)

export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const step of path) value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined
  return value
}

type Issue = z.core.$ZodIssue

/** Zod's issues as problems, against the input they came from. */
export const problemsOf = (input: unknown, issues: readonly Issue[]): Problem[] =>
  issues.flatMap((issue) => problemsOfIssue(input, issue, []))

function problemsOfIssue(input: unknown, issue: Issue, above: readonly PropertyKey[]): Problem[] {
  const path = [...above, ...issue.path] as (string | number)[]
  const found = show(valueAt(input, path))
  switch (issue.code) {
    case 'invalid_union':
      return problemsOfUnion(input, issue.errors, path)
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        expected: 'no such key here',
        found: `${key}: ${show(valueAt(input, [...path, key]))}`,
      }))
    case 'invalid_value':
      return [{ path, expected: `one of ${issue.values.join(', ')}`, found }]
    case 'invalid_type':
      return [{ path, expected: typeName(issue.expected), found }]
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, expected: expectation(inner), found: String(path.at(-1)) }))
    case 'too_small':
      return [{ path, expected: `at least ${issue.minimum}`, found }]
    case 'too_big':
      return [{ path, expected: `at most ${issue.maximum}`, found }]
    default:
      return [{ path, expected: expectation(issue), found }]
  }
}

const typeName = (expected: string): string =>
  ({ record: 'a mapping', object: 'a mapping', array: 'a list', int: 'a whole number', string: 'text', number: 'a number' })[expected] ??
  expected

const expectation = (issue: Issue): string => issue.message.replace(/^(Invalid \w+: )?expected /i, '')

/** A union's branches each complain; the author meant the one that complains least. */
function problemsOfUnion(input: unknown, branches: readonly (readonly Issue[])[], path: (string | number)[]): Problem[] {
  const value = valueAt(input, path)
  if (path.at(-2) === 'faults' && path.length === 2 && typeof value === 'object' && value !== null) {
    const kind = writtenKind(value)
    if (kind === undefined) return [{ path, expected: `a fault: at, and one of ${faultKinds.join(', ')}`, found: show(value) }]
    return (branches[faultKinds.indexOf(kind)] ?? []).flatMap((issue) => problemsOfIssue(input, issue, path))
  }
  const wrongKind = (issues: readonly Issue[]): boolean => issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0)
  const fitting = branches.filter((issues) => !wrongKind(issues))
  const weight = (issues: readonly Issue[]): number => issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 2 : 1), 0)
  const [best] = [...fitting].sort((left, right) => weight(left) - weight(right))
  if (best !== undefined) return best.flatMap((issue) => problemsOfIssue(input, issue, path))
  const expected = [
    ...new Set(
      branches
        .flat()
        .filter((issue) => issue.path.length === 0)
        .map((issue) => (issue.code === 'invalid_type' ? typeName(issue.expected) : expectation(issue))),
    ),
  ]
  return [{ path, expected: expected.join(' or '), found: show(value) }]
}
