import type { PeerId } from '@infermesh/kernel'
import { peerIdFromKey, publicKeyOf } from './peer-id.ts'
import { bytes, hex, type Schema, text, uint } from './schema.ts'

/** The fields that many messages share, each with its limit. */

/** SHA-256 of something, as hex. */
export const digest = hex(32)
export const requestId = digest
export const envelopeId = digest
/** `owner/name@major.minor`. */
export const modelId = text(128)
export const epoch = uint()
export const instant = uint()
export const amount = uint()
export const tokenIndex = uint(1 << 24)
export const token = uint((1 << 20) - 1)
/** W3C traceparent, 55 characters. */
export const traceparent = text(55)
/** A whole signed envelope inside another message. */
export const nested = bytes(1, 16 * 1024)
export const prompt = bytes(0, 4 * 1024 * 1024)

/** A peer id stands on the wire as its 32-byte Ed25519 key. */
export const peer: Schema<PeerId> = {
  write: (writer, value) => writer.bytes(publicKeyOf(value)),
  read: (reader) => peerIdFromKey(reader.bytes(32, 32)),
  sample: (random) => peerIdFromKey(bytes(32, 32).sample(random)),
}
