import { assert } from '@infermesh/kernel'
import { decodeCbor, type Envelope, encodeCbor, fromHex, openAs, type SealingContext, toHex } from '@infermesh/protocol'
import { readable } from './archive.ts'
import type { Attachment, ConsensusState, Step } from './consensus.ts'

/** What a settler must find again after a crash: where it stood, the blocks it may have voted for, and its own words. */
export interface ConsensusRecord {
  readonly height: number
  readonly state: ConsensusState
  /** Proposals of the blocks that this settler voted for or is locked on, by whoever made them. */
  readonly proposals: readonly Envelope<'proposal'>[]
  /** Its own votes at this height, oldest first. */
  readonly votes: readonly Envelope<'vote'>[]
  /** The prevotes that made its valid block valid: proposed again, the block needs them, and their signers may be gone by then. */
  readonly grounds: readonly Envelope<'vote'>[]
}

export const RECORD_KEY = 'consensus'

/** Rises whenever the record's shape changes: half a vote, read wrongly, would be a contradiction signed in good faith. */
const FORMAT = 2

const steps: readonly Step[] = ['propose', 'prevote', 'precommit']

export const encodeRecord = ({ height, state, proposals, votes, grounds }: ConsensusRecord): Uint8Array =>
  encodeCbor([
    FORMAT,
    height,
    state.round,
    steps.indexOf(state.step),
    attachmentToWire(state.locked),
    attachmentToWire(state.valid),
    proposals.map(({ bytes }) => bytes),
    votes.map(({ bytes }) => bytes),
    grounds.map(({ bytes }) => bytes),
  ])

/** Anything but what `encodeRecord` wrote means that this settler's disk is damaged: it might contradict its own votes. */
export const decodeRecord = (value: Uint8Array, context: SealingContext): ConsensusRecord =>
  readable(RECORD_KEY, () => {
    const parts = decodeCbor(value)
    assert(
      Array.isArray(parts) && parts.length === 9 && parts[0] === FORMAT,
      `${RECORD_KEY}: expected a vote at hand in format ${FORMAT}, found one that another version wrote; let that version finish the height, or begin on an empty disk`,
    )
    const [, height, round, step, locked, valid, proposals, votes, grounds] = parts as unknown[]
    const state = { round: wholeNumber(round), step: stepOf(step), locked: attachmentFromWire(locked), valid: attachmentFromWire(valid) }
    return {
      height: wholeNumber(height),
      state,
      proposals: byteStrings(proposals).map((raw) => openAs('proposal', raw, context)),
      votes: byteStrings(votes).map((raw) => openAs('vote', raw, context)),
      grounds: byteStrings(grounds).map((raw) => openAs('vote', raw, context)),
    }
  })

const attachmentToWire = (attachment: Attachment | undefined): unknown =>
  attachment === undefined ? null : [attachment.round, fromHex(attachment.blockId)]

function attachmentFromWire(wire: unknown): Attachment | undefined {
  if (wire === null) return undefined
  assert(Array.isArray(wire) && wire[1] instanceof Uint8Array, `the disk is damaged: ${RECORD_KEY} names no block`)
  return { round: wholeNumber(wire[0]), blockId: toHex(wire[1]) }
}

function stepOf(wire: unknown): Step {
  const step = steps[wholeNumber(wire)]
  assert(step !== undefined, `the disk is damaged: ${RECORD_KEY} holds no step`)
  return step
}

function wholeNumber(wire: unknown): number {
  assert(typeof wire === 'number' && Number.isSafeInteger(wire), `the disk is damaged: ${RECORD_KEY} holds no whole number`)
  return wire
}

function byteStrings(wire: unknown): readonly Uint8Array[] {
  assert(Array.isArray(wire) && wire.every((item) => item instanceof Uint8Array), `the disk is damaged: ${RECORD_KEY} holds no envelopes`)
  return wire
}
