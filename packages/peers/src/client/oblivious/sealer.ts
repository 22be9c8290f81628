import type { PeerId } from '@infermesh/kernel'
import { concatBytes, encodeQuestion, type PeerServices, type SealedQuestion } from '@infermesh/protocol'
import {
  CHUNKED_INFER_FORMAT,
  type KeyConfig,
  ObliviousSender,
  obliviousOf,
  type PaddingPolicy,
  paddedLength,
  padTo,
} from '@infermesh/protocol/oblivious'
import { SealedAnswer } from './sealed-answer.ts'

export interface Sealed {
  readonly media: string
  readonly body: Uint8Array
  readonly answer: SealedAnswer
}

/** Seals questions, each with a key of its own. */
export class Sealer {
  readonly #services: PeerServices
  readonly #padding: PaddingPolicy
  readonly #senders = new Map<PeerId, { readonly config: KeyConfig; readonly sender: ObliviousSender }>()

  constructor(services: PeerServices, padding: PaddingPolicy) {
    this.#services = services
    this.#padding = padding
  }

  /** `undefined` for a gateway key that no secret can be agreed with. */
  seal(question: SealedQuestion, gateway: PeerId, config: KeyConfig): Sealed | undefined {
    const { primitives, entropy } = obliviousOf(this.#services)
    const started = this.#sender(gateway, config).start(primitives.keyPair(entropy(32)))
    if (!started.ok) return undefined
    const { prefix, chunks, response } = started.value
    const plain = encodeQuestion(question)
    // A prompt above the largest class keeps its own length: the user is told of the classes, not refused.
    const padded = padTo(plain, paddedLength(this.#padding, plain.length) ?? plain.length)
    const body = concatBytes(prefix, chunks.push(padded), chunks.finish())
    return { media: CHUNKED_INFER_FORMAT.requestMedia, body, answer: new SealedAnswer(response) }
  }

  #sender(gateway: PeerId, config: KeyConfig): ObliviousSender {
    const known = this.#senders.get(gateway)
    if (known?.config === config) return known.sender
    const { primitives } = obliviousOf(this.#services)
    const [aead] = config.aeads
    const sender = new ObliviousSender(primitives, config, { format: CHUNKED_INFER_FORMAT, aead: aead ?? 1 })
    this.#senders.set(gateway, { config, sender })
    return sender
  }
}
