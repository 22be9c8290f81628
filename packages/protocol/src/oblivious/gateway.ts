import { assert, type Millis } from '@infermesh/kernel'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { encodeResponse } from './bhttp/encoder.ts'
import { fieldOf, type HttpRequest, type HttpResponse, plainResponse } from './bhttp/message.ts'
import { decodeRequest } from './bhttp/whole.ts'
import { BHTTP_FORMAT } from './format.ts'
import { parseHttpDate } from './http-date.ts'
import type { KeyRing } from './key-ring.ts'
import { type PaddingPolicy, paddedLength, padTo } from './padding.ts'
import type { HpkePrimitives } from './primitives.ts'
import { type Exchange, ObliviousReceiver, type SealedRequestCode } from './receiver.ts'
import { ReplayWindow } from './replay-window.ts'

export interface ObliviousGatewayConfig {
  /** How far a request's date may lie from the gateway's clock, either way. Also how long a request is remembered against replay. */
  readonly dateWindow: Millis
  /** Most requests remembered; above, new ones are refused as not processed. */
  readonly replayEntriesMax: number
  /** Lengths of answers. One that fits no class is answered with an error instead. */
  readonly responsePadding: PaddingPolicy
}

export const obliviousGatewayDefaults: ObliviousGatewayConfig = {
  dateWindow: 60_000,
  replayEntriesMax: 1_000_000,
  responsePadding: { kind: 'buckets', sizes: [1024, 2048, 4096, 8192, 16384, 65536, 262144, 1048576] },
}

/** Why a request that opened was answered by the gateway itself. Goes to its trace, and to the client inside the seal, never to the relay. */
export type InnerCode = 'bad-message' | 'expectation' | 'bad-date' | 'replayed' | 'replay-window-full'

export type Reception =
  /** Not opened: send `status` unprotected, with nothing else in it but the problem type, if any. */
  | { readonly type: 'refused'; readonly status: 400 | 422; readonly problem?: string; readonly code: SealedRequestCode }
  /** Opened, but not to be served: send `message` with status 200, as for any answer. */
  | { readonly type: 'answered'; readonly message: Uint8Array; readonly code: InnerCode }
  | { readonly type: 'accepted'; readonly request: HttpRequest; respond(response: HttpResponse): Uint8Array }

/**
 * An oblivious gateway resource over whole messages. Everything the relay sees of a request that opened is one sealed answer of a padded
 * length: an outer error at that point would tell the relay about the content (RFC 9458 §5.2).
 */
export class ObliviousGateway {
  readonly #config: ObliviousGatewayConfig
  readonly #ring: KeyRing
  readonly #receiver: ObliviousReceiver
  readonly #replays: ReplayWindow

  constructor(config: ObliviousGatewayConfig, services: { readonly primitives: HpkePrimitives; readonly ring: KeyRing }) {
    const ownAnswers = [TOO_LARGE, ...Object.values(INNER_ANSWERS)].map((response) => encodeResponse(response).length)
    const room = paddedLength(config.responsePadding, Math.max(...ownAnswers))
    assert(room !== undefined, `expected a padding class of at least ${Math.max(...ownAnswers)} bytes, for the gateway's own errors`)
    this.#config = config
    this.#ring = services.ring
    this.#receiver = new ObliviousReceiver(services.primitives, services.ring, BHTTP_FORMAT)
    const bucketWidth = Math.max(1, Math.ceil(config.dateWindow / 16))
    this.#replays = new ReplayWindow({ entriesMax: config.replayEntriesMax, bucketWidth })
  }

  /** `entropy` is 32 fresh random bytes for the answer's nonce; `now` is Unix time, as the request's date is. */
  receive(message: Uint8Array, entropy: Uint8Array, now: Millis): Reception {
    for (const keyId of this.#ring.expire(now)) this.#replays.forgetKey(keyId)
    const opened = this.#receiver.open(message, now)
    if (!opened.ok) return refusalOf(opened.code)
    const { request, exchange } = opened.value
    const seal = (response: HttpResponse) => exchange.seal(this.#padded(response), entropy.subarray(0, exchange.nonceLength))
    const answer = (code: InnerCode): Reception => ({ type: 'answered', message: seal(INNER_ANSWERS[code]), code })

    const decoded = decodeRequest(request)
    if (!decoded.ok) return answer('bad-message')
    if (fieldOf(decoded.value.fields, 'expect') !== undefined) return answer('expectation')
    const fault = this.#admit(decoded.value, exchange, now)
    return fault ? answer(fault) : { type: 'accepted', request: decoded.value, respond: seal }
  }

  /** Served requests that are remembered against replay. */
  remembered(now: Millis): number {
    return this.#replays.size(now)
  }

  // Only a request that opened is remembered or looked up. Otherwise anyone who saw an encapsulated key on a link could ask
  // with it whether this gateway has served that request, or have it refused before it arrives.
  #admit(request: HttpRequest, exchange: Exchange, now: Millis): InnerCode | undefined {
    const date = parseHttpDate(fieldOf(request.fields, 'date') ?? '')
    if (date === undefined || Math.abs(now - date) > this.#config.dateWindow) return 'bad-date'
    const admission = this.#replays.admit(exchange, date + this.#config.dateWindow, now)
    if (admission === 'fresh') return undefined
    return admission === 'full' ? 'replay-window-full' : 'replayed'
  }

  #padded(response: HttpResponse): Uint8Array {
    const bytes = encodeResponse(response)
    const length = paddedLength(this.#config.responsePadding, bytes.length)
    return length === undefined ? this.#padded(TOO_LARGE) : padTo(bytes, length)
  }
}

/** The outer side: what the relay may know is which key id was used and that the message did not open. */
function refusalOf(code: SealedRequestCode): Reception {
  if (code === 'unknown-key' || code === 'unknown-suite') return { type: 'refused', status: 400, problem: KEY_PROBLEM, code }
  return { type: 'refused', status: code === 'malformed' ? 400 : 422, code }
}

const problem = (status: number, type: string, title: string): HttpResponse =>
  plainResponse(status, utf8ToBytes(JSON.stringify({ type, title })), [['content-type', 'application/problem+json']])

const KEY_PROBLEM = 'https://iana.org/assignments/http-problem-types#ohttp-key'
const DATE_PROBLEM = 'https://iana.org/assignments/http-problem-types#date'
const TOO_LARGE = problem(500, 'about:blank', 'the answer is larger than this gateway sends')
const INNER_ANSWERS: Readonly<Record<InnerCode, HttpResponse>> = {
  'bad-message': problem(400, 'about:blank', 'the sealed message is not a binary HTTP request'),
  expectation: problem(400, 'about:blank', 'an oblivious request may not wait for 100 Continue'),
  'bad-date': problem(400, DATE_PROBLEM, 'the date is missing or too far from this clock: try once more, sealed anew'),
  replayed: problem(400, 'about:blank', 'this request was served before'),
  'replay-window-full': problem(503, 'about:blank', 'not processed: too many requests at once'),
}
