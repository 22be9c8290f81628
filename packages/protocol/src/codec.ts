import { assert, type Codec } from '@infermesh/kernel'
import { type Envelope, openEnvelope, type SealingContext } from './envelope.ts'
import { type Message, type MessageType, streams } from './messages/index.ts'
import { CborReader } from './wire/cbor-reader.ts'
import { written } from './wire/cbor-writer.ts'
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
  const number = numbers.get(message.type)
  assert(number !== undefined, `no message is called ${message.type}`)
  return written((writer) => {
    writer.list(2)
    writer.uint(number)
    schemas.get(message.type)?.write(writer, message)
  })
}

export function decodeMessage(raw: Uint8Array): Message {
  if (raw.length > MESSAGE_BYTES_MAX) throw new DecodeFailed('message', `at most ${MESSAGE_BYTES_MAX} bytes`, `${raw.length}`)
  const reader = new CborReader(raw, 'message')
  reader.struct(2)
  const name = names[reader.uint(names.length - 1)] as MessageType
  reader.steps[0] = name
  const fields = schemas.get(name)?.read(reader)
  reader.end()
  return { type: name, ...(fields as object) } as Message
}

/** The codec of one network, as worlds want it. */
export const createCodec = (context: SealingContext): Codec<Message, Envelope> => ({
  encodeMessage,
  decodeMessage,
  decodeEnvelope: (_topic, raw) => openEnvelope(raw, context),
})
