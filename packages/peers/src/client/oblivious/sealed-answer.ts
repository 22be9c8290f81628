import { DecodeFailed, decodeMessage, FrameReader, type Message } from '@infermesh/protocol'
import { type ChunkedResponseOpener, decodeSlot, fail, type Result, succeed } from '@infermesh/protocol/oblivious'

/** Opens the pieces of one sealed answer as they come, and finds the messages in them. */
export class SealedAnswer {
  readonly #opener: ChunkedResponseOpener
  readonly #frames = new FrameReader(MESSAGE_BYTES_MAX)

  constructor(opener: ChunkedResponseOpener) {
    this.#opener = opener
  }

  push(data: Uint8Array): Result<readonly Message[], string> {
    const opened = this.#opener.push(data)
    if (!opened.ok) return opened
    const messages: Message[] = []
    for (const chunk of opened.value) {
      const slot = decodeSlot(chunk)
      const frames = slot.ok ? this.#frames.push(slot.value) : slot
      if (!frames.ok) return frames
      for (const frame of frames.value) {
        const message = decoded(frame)
        if (message === undefined) return fail('malformed', 'sealed answer: a message that does not decode')
        messages.push(message)
      }
    }
    return succeed(messages)
  }

  /** Fails for an answer that was cut: only its final chunk shows that it is whole. */
  end(): Result<Uint8Array, string> {
    return this.#opener.end()
  }
}

function decoded(frame: Uint8Array): Message | undefined {
  try {
    return decodeMessage(frame)
  } catch (failure) {
    if (failure instanceof DecodeFailed) return undefined
    throw failure
  }
}

const MESSAGE_BYTES_MAX = 1 << 20
