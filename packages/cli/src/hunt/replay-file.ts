import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Scenario } from '@infermesh/scenario'
import { z } from 'zod'
import { UserError } from '../user-error.ts'
import { codeDigest } from './code-digest.ts'
import type { Breakage } from './virtual-run.ts'

const FORMAT = 1

/** A run that can be made again, to the last bit, by the same code. */
export interface ReplayFile {
  readonly format: number
  /** `codeDigest` of the code that made it. */
  readonly code: string
  readonly world: 'message'
  /** With every name resolved. */
  readonly scenario: Scenario
  /** Whether the run ended at the first broken check. */
  readonly stopEarly: boolean
  readonly traceHash: string
  readonly virtualMs: number
  readonly breakage?: Breakage | undefined
}

const form = z.looseObject({
  format: z.literal(FORMAT),
  code: z.string(),
  world: z.literal('message'),
  scenario: z.looseObject({ name: z.string(), seed: z.number(), peers: z.array(z.unknown()), faults: z.array(z.unknown()) }),
  stopEarly: z.boolean(),
  traceHash: z.string(),
  virtualMs: z.number(),
})

export function writeReplay(path: string, replay: Omit<ReplayFile, 'format' | 'code' | 'world'>): void {
  mkdirSync(dirname(path), { recursive: true })
  const file: ReplayFile = { format: FORMAT, code: codeDigest(), world: 'message', ...replay }
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`)
}

/** Refuses a file of another format, and one of other code unless `anyCode`: it could not be the same run. */
export function readReplay(path: string, anyCode: boolean): ReplayFile {
  if (!existsSync(path)) throw new UserError(`${path}: expected a replay file, found none`)
  const replay = parse(path)
  const code = codeDigest()
  if (replay.code !== code && !anyCode)
    throw new UserError(
      `${path}: made by code ${replay.code}, this is ${code}: it would not be the same run. Check that version out, or add --other-code to see what this one does with the same faults`,
    )
  return replay
}

function parse(path: string): ReplayFile {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UserError(`${path}: expected a replay file in JSON, found ${error instanceof Error ? error.message : String(error)}`)
  }
  const parsed = form.safeParse(value)
  if (parsed.success) return value as ReplayFile
  const [issue] = parsed.error.issues
  throw new UserError(`${path}: expected a replay file of format ${FORMAT}: ${issue?.path.join('.')}: ${issue?.message}`)
}
