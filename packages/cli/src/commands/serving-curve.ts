import { randomFrom } from '@infermesh/kernel'
import { type CurveColumn, engineOptionsFor, type ServingSetup, type SessionCurve, sessionCurve, sessionsOf } from '@infermesh/serving'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'
import { count, type ServedTrace, sigmaOf } from './serving-trace.ts'

export interface CurveFlags {
  readonly column: readonly string[]
  readonly contexts: string
  readonly sessions: string
  readonly minutes: string
  readonly hints?: string
  readonly seed: string
}

/** What a node can do about idle conversations, side by side. */
const defaultColumns = ['drop', 'lru', 'hint', 'lru+92%', 'lru+host=8Mtok@200GB/s']
const DEFAULT_HINTS = '0.7'
const BLOCK_TOKENS = 256
const LIMITS = { ttftMs: 5_000, tpotMs: 50 }
const THINK_MAX = 600_000

/** Sessions held against context length, for each column: how many open conversations one node serves well. */
export function curveOf(trace: ServedTrace, setup: ServingSetup, flags: CurveFlags): SessionCurve {
  const sessions = sessionsOf(trace.requests)
  if (sessions.length === 0) throw new UserError(`--curve: expected a trace with conversations, found none in this ${trace.form} trace`)
  const counts = numbers('--sessions', flags.sessions, (text) => count('--sessions', text)).filter((each) => each <= sessions.length)
  if (counts.length === 0) throw new UserError(`--sessions: expected at most ${sessions.length}, as the trace has, found ${flags.sessions}`)
  const blockTokens = setup.blockTokens ?? BLOCK_TOKENS
  const columns = (flags.column.length > 0 ? flags.column : defaultColumns).map((text) =>
    columnOf(text, { ...setup, blockTokens }, flags.hints ?? DEFAULT_HINTS),
  )
  return sessionCurve({
    ...{ sessions: sessions.slice(0, Math.max(...counts)), columns, counts, blockTokens },
    contexts: numbers('--contexts', flags.contexts, scaleOf),
    ...{ limits: LIMITS, thinkMsMax: THINK_MAX, untilMs: count('--minutes', flags.minutes) * 60_000 },
    random: randomFrom(flags.seed),
  })
}

/** `policy`, then `+92%` for a gate and `+host=8Mtok` for a tier, in any order. */
function columnOf(name: string, setup: ServingSetup, hints: string): CurveColumn {
  const [policy = '', ...more] = name.split('+')
  const admission = more.find((word) => word.endsWith('%'))
  const tiers = more.filter((word) => word.includes('='))
  const odd = more.find((word) => word !== admission && !tiers.includes(word))
  if (odd !== undefined || policy === 'offline')
    throw new UserError(`--column: expected a policy and what is added, like lru+92%+host=8Mtok, found "${name}"`)
  const engine = engineOptionsFor({ ...setup, policy, tiers, ...(admission === undefined ? {} : { admission }) })
  return { name, engine, ...(policy === 'hint' ? { hints: sigmaOf(hints) } : {}) }
}

function numbers(flag: string, text: string, read: (text: string) => number): number[] {
  const values = text.split(',').map((word) => read(word.trim()))
  if (values.length === 0) throw new UserError(`${flag}: expected numbers with commas between, found nothing`)
  return values
}

function scaleOf(text: string): number {
  const value = Number(text)
  if (text === '' || !(value > 0 && value <= 8)) throw new UserError(`--contexts: expected scales above 0 up to 8, found "${text}"`)
  return value
}

/** Two tables: good turns a second by run, and conversations held by context. */
export function curveText({ cells, held }: SessionCurve): string {
  const columns = [...new Set(cells.map(({ column }) => column))]
  const rows = Map.groupBy(cells, ({ context, sessions }) => `${context} ${sessions}`)
  const runs = [...rows.values()].flatMap((row) => {
    const [first] = row
    const share = (column: string): string => {
      const cell = row.find((each) => each.column === column)
      return cell === undefined ? '' : `${numberText(cell.goodTurnsPerSecond)} (${Math.round(cell.goodShare * 100)}%)`
    }
    return first === undefined ? [] : [[`×${first.context}, ${first.contextTokens}`, String(first.sessions), ...columns.map(share)]]
  })
  const contexts = [...Map.groupBy(held, ({ context }) => context).values()]
  const sessions = contexts.map((row) => [`×${row[0]?.context}`, ...columns.map((column) => heldText(row, column))])
  return [
    'good turns a second (share of what the same conversations have with the node to themselves)',
    tableText(['context, mean tokens', 'open', ...columns], runs),
    '',
    'conversations held: the most with 90 % good turns',
    tableText(['context', ...columns], sessions),
  ].join('\n')
}

const heldText = (row: SessionCurve['held'], column: string): string => String(row.find((each) => each.column === column)?.sessions ?? '')
