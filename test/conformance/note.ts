import { createHash } from 'node:crypto'
import type { AnyEnvelope, AnyMessage, Codec, Job } from '@infermesh/kernel'

/** What the peers of a case say to each other. */
export interface Note extends AnyMessage {
  readonly type: 'note'
  readonly text: string
}

/** What they tell everyone. */
export interface Paper extends AnyEnvelope {
  readonly type: 'paper'
  readonly text: string
}

/** A job that every world under test must do: `results` results, each a whole number from 0 up, each after a few milliseconds. */
export interface CountJob extends Job {
  readonly kind: 'count'
  readonly results: number
}

export const note = (text: string): Note => ({ type: 'note', text })

export function paper(text: string): Paper {
  const bytes = new TextEncoder().encode(text)
  return { id: createHash('sha256').update(bytes).digest('hex'), type: 'paper', signer: '', bytes, text }
}

/** For worlds that turn messages into bytes. */
export const noteCodec: Codec<Note, Paper> = {
  encodeMessage: (message) => new TextEncoder().encode(message.text),
  decodeMessage: (bytes) => note(new TextDecoder().decode(bytes)),
  decodeEnvelope: (_topic, bytes) => paper(new TextDecoder().decode(bytes)),
}
