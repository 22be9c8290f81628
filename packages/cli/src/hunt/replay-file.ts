import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Scenario } from '@infermesh/scenario'
import { UserError } from '../user-error.ts'
import type { Breakage } from './breakage.ts'
import { codeDigest } from './code-digest.ts'

const FORMAT = 1

/** Where a run repeats to the last bit. */
export type VirtualWorld = 'message' | 'stack'

/** A run that can be made again, to the last bit, by the same code. */
export interface ReplayFile {
  readonly format: number
  /** `codeDigest` of the code that made it. */
  readonly code: string
  readonly world: VirtualWorld
  /** With every name resolved. */
  readonly scenario: Scenario
  /** Whether the run ended at the first broken check. */
  readonly stopEarly: boolean
  readonly traceHash: string
  readonly virtualMs: number
  readonly breakage?: Breakage | undefined
}

export function writeReplay(path: string, replay: Omit<ReplayFile, 'format' | 'code'>): void {
  mkdirSync(dirname(path), { recursive: true })
  const file: ReplayFile = { format: FORMAT, code: codeDigest(), ...replay }
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
  const other = formatOf(value)
  if (other !== undefined && other !== FORMAT)
    throw new UserError(
      `${path}: expected a replay file of format ${FORMAT}, found format ${other}, which another version made; hunt or run its scenario again`,
    )
  if (!isReplay(value)) throw new UserError(`${path}: expected a replay file of format ${FORMAT}, found another JSON file`)
  return value
}

const formatOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined)

/** Enough to tell a replay file from others; what is in it was written by `writeReplay`, and is run or refused as a whole. */
function isReplay(value: unknown): value is ReplayFile {
  if (typeof value !== 'object' || value === null) return false
  const { format, code, world, scenario, traceHash, stopEarly } = value as Partial<Record<keyof ReplayFile, unknown>>
  return (
    format === FORMAT &&
    (world === 'message' || world === 'stack') &&
    typeof code === 'string' &&
    typeof traceHash === 'string' &&
    typeof stopEarly === 'boolean' &&
    isNetwork(scenario)
  )
}

const isNetwork = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'peers' in value &&
  Array.isArray(value.peers) &&
  'faults' in value &&
  Array.isArray(value.faults)
