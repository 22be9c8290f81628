import type { Infer } from '../wire/schema.ts'
import { blob, fetch } from './fetch.ts'
import { infer } from './infer.ts'
import { control, keyRelease, lease } from './lease.ts'
import { oblivious } from './oblivious.ts'

/** Every message that travels on a stream, by the stream that carries it. Answers travel on the stream of their request. */
export const streams = { infer, fetch, blob, lease, 'key-release': keyRelease, control, oblivious } as const

export type StreamName = keyof typeof streams

type MessagesOf<T> = { [K in keyof T]: { readonly type: K } & Infer<T[K]> }[keyof T]
export type Message = { [S in StreamName]: MessagesOf<(typeof streams)[S]> }[StreamName]
export type MessageType = Message['type']
export type MessageOf<K extends MessageType> = Extract<Message, { readonly type: K }>
