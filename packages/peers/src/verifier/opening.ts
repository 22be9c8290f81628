import { assert } from '@infermesh/kernel'
import { type AuditStage, DecodeFailed, decodeCbor, encodeCbor, fromHex, toHex, type Verdict } from '@infermesh/protocol'

/** One look at a receipt: which stage, which drawing of its seats. */
export interface Turn {
  readonly receipt: string
  readonly stage: AuditStage
  readonly draw: number
}

/** A verdict with what opens the commitment to it. On disk before the commitment leaves, or it could never be revealed. */
export interface Opening extends Turn {
  readonly verdict: Verdict
  readonly evidenceDigest: string
  readonly salt: string
}

const PREFIX = 'opening/'
const stages: readonly AuditStage[] = ['first', 'committee', 'appeal']
const verdicts: readonly Verdict[] = ['match', 'mismatch', 'unavailable', 'inconclusive']

export const turnKey = ({ receipt, stage, draw }: Turn): string => `${receipt}/${stage}/${draw}`

export const openingKey = (turn: Turn): string => PREFIX + turnKey(turn)

export const isOpeningKey = (key: string): boolean => key.startsWith(PREFIX)

export const encodeOpening = ({ receipt, stage, draw, verdict, evidenceDigest, salt }: Opening): Uint8Array =>
  encodeCbor([fromHex(receipt), stages.indexOf(stage), draw, verdicts.indexOf(verdict), fromHex(evidenceDigest), fromHex(salt)])

/** Anything but what `encodeOpening` wrote means that this verifier's disk is damaged. */
export function decodeOpening(key: string, value: Uint8Array): Opening {
  const damaged = `the disk is damaged: ${key} is no opened verdict`
  const parts = readable(damaged, value)
  assert(Array.isArray(parts) && parts.length === 6, damaged)
  const [receipt, stage, draw, verdict, evidenceDigest, salt] = parts as unknown[]
  const [stageWord, verdictWord] = [stages[Number(stage)], verdicts[Number(verdict)]]
  assert(stageWord !== undefined && verdictWord !== undefined && typeof draw === 'number', damaged)
  assert(receipt instanceof Uint8Array && evidenceDigest instanceof Uint8Array && salt instanceof Uint8Array, damaged)
  const bytes = { receipt: toHex(receipt), evidenceDigest: toHex(evidenceDigest), salt: toHex(salt) }
  return { ...bytes, stage: stageWord, draw, verdict: verdictWord }
}

function readable(damaged: string, value: Uint8Array): unknown {
  try {
    return decodeCbor(value)
  } catch (failure) {
    if (failure instanceof DecodeFailed) assert(false, damaged)
    throw failure
  }
}
