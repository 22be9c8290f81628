import { assert } from '@infermesh/kernel'
import { concat, u16, u16At } from './bytes.ts'
import { fail, type Result, succeed } from './result.ts'

/** Bytes a slot adds to its data. */
export const SLOT_OVERHEAD = 2

/** One record of fixed size: u16 length, data, zeros. An empty record is cover, and still not an empty chunk. */
export function encodeSlot(data: Uint8Array, size: number): Uint8Array {
  assert(
    data.length + SLOT_OVERHEAD <= size && data.length <= 0xffff,
    `expected at most ${size - SLOT_OVERHEAD} bytes for a slot, got ${data.length}`,
  )
  return concat(u16(data.length), data, new Uint8Array(size - SLOT_OVERHEAD - data.length))
}

/** The slots that carry `data` in order; none for no data. */
export function slotsOf(data: Uint8Array, size: number): readonly Uint8Array[] {
  const room = size - SLOT_OVERHEAD
  return Array.from({ length: Math.ceil(data.length / room) }, (_, index) =>
    encodeSlot(data.subarray(index * room, (index + 1) * room), size),
  )
}

/** The data of a slot; empty for cover. */
export function decodeSlot(slot: Uint8Array): Result<Uint8Array, 'malformed'> {
  const end = SLOT_OVERHEAD + u16At(slot, 0)
  if (slot.length < SLOT_OVERHEAD || end > slot.length) return fail('malformed', `slot: expected at least ${end} bytes, got ${slot.length}`)
  if (slot.subarray(end).some((byte) => byte !== 0)) return fail('malformed', 'slot: filler that is not all zero')
  return succeed(slot.subarray(SLOT_OVERHEAD, end))
}
