import type { Codec } from '@infermesh/kernel'
import { type Envelope, openEnvelope, type SealingContext } from './envelope.ts'
import { type Message, type MessageType, streams } from './messages/index.ts'
import { decodeCbor, encodeCbor } from './wire/cbor.ts'
import { DecodeFailed } from './wire/decode-failed.ts'
import type { Schema } from './wire/schema.ts'

const schemas = new Map<string, Schema<unknown>>(
  Object.values(streams).flatMap((messages) => Object.entries(messages) as unknown as [string, Schema<unknown>][]),
)
// A message's number on the wire is its place in this list.
const names = [...schemas.keys()]
const numbers = new Map(names.map((name, number) => [name, number]))

/** Largest message on a stream. */
export const MESSAGE_BYTES_MAX = 5 * 1024 * 1024

export function encodeMessage(message: Message): Uint8Array {
  return encodeCbor([numbers.get(message.type), schemas.get(message.type)?.toWire(message)])
}

export function decodeMessage(raw: Uint8Array): Message {
  if (raw.length > MESSAGE_BYTES_MAX) throw new DecodeFailed('message', `at most ${MESSAGE_BYTES_MAX} bytes`, `${raw.length}`)
  const parts = decodeCbor(raw)
  if (!Array.isArray(parts) || parts.length !== 2) throw new DecodeFailed('message', 'a list of number and fields', typeof parts)
  const number: unknown = parts[0]
  const name = typeof number === 'number' ? (names[number] as MessageType | undefined) : undefined
  const schema = name === undefined ? undefined : schemas.get(name)
  if (name === undefined || schema === undefined) throw new DecodeFailed('message', `a number below ${names.length}`, String(number))
  return { type: name, ...(schema.fromWire(parts[1], name) as object) } as Message
}

/** The codec of one network, as worlds want it. */
export const createCodec = (context: SealingContext): Codec<Message, Envelope> => ({
  encodeMessage,
  decodeMessage,
  decodeEnvelope: (_topic, raw) => openEnvelope(raw, context),
})
