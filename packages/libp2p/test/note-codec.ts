import { hash } from 'node:crypto'
import type { AnyEnvelope, AnyMessage, Codec, PeerId } from '@infermesh/kernel'

export interface Note extends AnyMessage {
  readonly type: 'note'
  readonly text: string
}

export interface Rumour extends AnyEnvelope {
  readonly type: 'rumour'
  readonly text: string
  readonly at: number
}

export const note = (text: string): Note => ({ type: 'note', text })

export function rumour(signer: PeerId, text: string, at = 0): Rumour {
  return rumourFrom(Buffer.from(JSON.stringify({ signer, text, at })))
}

/** What other hosts refuse to pass on: stands for a signature that does not match. */
export const FORGED = 'forged'
/** What the codec refuses in a message. */
export const GARBLED = 'garbled'

/** The smallest codec that can tell valid from invalid: JSON, and a text that stands for a bad signature. */
export const noteCodec: Codec<Note, Rumour> = {
  encodeMessage: (message) => Buffer.from(message.text),
  decodeMessage(bytes) {
    const text = Buffer.from(bytes).toString()
    if (text.startsWith(GARBLED)) throw new Error('garbled')
    return note(text)
  },
  decodeEnvelope(_, bytes) {
    const decoded = rumourFrom(bytes)
    if (decoded.text.startsWith(FORGED)) throw new Error('forged')
    return decoded
  },
}

function rumourFrom(bytes: Uint8Array): Rumour {
  const { signer, text, at } = JSON.parse(Buffer.from(bytes).toString())
  return { id: hash('sha256', bytes), type: 'rumour', signer, text, at, bytes: new Uint8Array(bytes) }
}
