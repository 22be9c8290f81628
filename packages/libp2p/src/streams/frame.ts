import type { Failure, FailureCode } from '@infermesh/kernel'
import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'

/**
 * What travels on a multiplexed stream, after a varint length: kind (1 byte), call number (4 bytes, big-endian), body.
 * The end that opened the stream numbers the calls and sends `request` and `cancel`; the other end sends the rest.
 */
export type Frame =
  | { readonly kind: 'request'; readonly call: number; readonly body: Uint8Array }
  | { readonly kind: 'answer'; readonly call: number; readonly last: boolean; readonly body: Uint8Array }
  | { readonly kind: 'cancel'; readonly call: number }
  | { readonly kind: 'refused'; readonly call: number; readonly failure: Failure }

/** The other end does not speak this protocol; nothing that it sent can be trusted. */
export class FrameInvalid extends Error {
  override readonly name = 'FrameInvalid'
}

export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'request':
      return join(REQUEST, frame.call, frame.body)
    case 'answer':
      return join(frame.last ? LAST_ANSWER : ANSWER, frame.call, frame.body)
    case 'cancel':
      return join(CANCEL, frame.call, EMPTY)
    case 'refused':
      return join(REFUSED, frame.call, fromString(`${frame.failure.code} ${frame.failure.detail.slice(0, DETAIL_MAX)}`))
  }
}

/** Throws `FrameInvalid`. The body is a view of `bytes`, which should be nobody else's. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < HEADER_BYTES) throw new FrameInvalid(`expected a frame of at least ${HEADER_BYTES} bytes, got ${bytes.byteLength}`)
  const kind = bytes[0]
  const call = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  const body = bytes.subarray(HEADER_BYTES)
  switch (kind) {
    case REQUEST:
      return { kind: 'request', call, body }
    case ANSWER:
    case LAST_ANSWER:
      return { kind: 'answer', call, last: kind === LAST_ANSWER, body }
    case CANCEL:
      return { kind: 'cancel', call }
    case REFUSED:
      return { kind: 'refused', call, failure: decodeFailure(body) }
    default:
      throw new FrameInvalid(`expected a frame kind from ${REQUEST} to ${REFUSED}, got ${kind}`)
  }
}

function decodeFailure(body: Uint8Array): Failure {
  const [word = '', ...rest] = textOf(body.subarray(0, DETAIL_MAX * 4)).split(' ')
  const code = REFUSALS.find((candidate) => candidate === word)
  if (code === undefined)
    throw new FrameInvalid(`expected a refusal that is one of ${REFUSALS.join(', ')}, got ${JSON.stringify(word.slice(0, 20))}`)
  return { code, detail: rest.join(' ').slice(0, DETAIL_MAX) }
}

function join(kind: number, call: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength)
  bytes[0] = kind
  new DataView(bytes.buffer).setUint32(1, call)
  bytes.set(body, HEADER_BYTES)
  return bytes
}

export const HEADER_BYTES = 5
const REQUEST = 0
const ANSWER = 1
const LAST_ANSWER = 2
const CANCEL = 3
const REFUSED = 4
const EMPTY = new Uint8Array(0)
const DETAIL_MAX = 200
/** What the serving end can say. The rest of the failure codes are findings of the asking end. */
const REFUSALS: readonly FailureCode[] = ['overflow', 'invalid']
