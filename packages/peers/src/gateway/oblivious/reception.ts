import type { Millis } from '@infermesh/kernel'
import { concatBytes, decodeQuestion, type ErrorCode, type MessageOf } from '@infermesh/protocol'
import {
  BHTTP_FORMAT,
  CHUNKED_BHTTP_FORMAT,
  CHUNKED_INFER_FORMAT,
  decodeHttpRequest,
  type Exchange,
  type HpkePrimitives,
  type KeyRing,
  ObliviousReceiver,
  ReplayWindow,
} from '@infermesh/protocol/oblivious'
import { chatQuestion, type HttpDefaults, type Question } from './question.ts'

/** In which form the question came, and so the answer goes. */
export type Shape = 'native' | 'http' | 'http-chunked'

export type Opened =
  /** Nothing was opened: told in the open. */
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly detail: string }
  /** Opened, but not to be served: told under the seal, since what follows from the content is not the relay's to know. */
  | { readonly type: 'answered'; readonly exchange: Exchange; readonly shape: Shape; readonly code: ErrorCode; readonly detail: string }
  | { readonly type: 'accepted'; readonly exchange: Exchange; readonly shape: Shape; readonly question: Question }

export interface ReceptionOptions {
  readonly dateWindow: Millis
  readonly replaysMax: number
}

/** Opens sealed requests, each once. */
export class Reception {
  readonly #options: ReceptionOptions
  readonly #ring: KeyRing
  readonly #native: ObliviousReceiver
  readonly #http: ObliviousReceiver
  readonly #httpChunked: ObliviousReceiver
  readonly #replays: ReplayWindow

  constructor(options: ReceptionOptions, primitives: HpkePrimitives, ring: KeyRing) {
    this.#options = options
    this.#ring = ring
    this.#native = new ObliviousReceiver(primitives, ring, CHUNKED_INFER_FORMAT)
    this.#http = new ObliviousReceiver(primitives, ring, BHTTP_FORMAT)
    this.#httpChunked = new ObliviousReceiver(primitives, ring, CHUNKED_BHTTP_FORMAT)
    this.#replays = new ReplayWindow({ entriesMax: options.replaysMax, bucketWidth: Math.ceil(options.dateWindow / 16) })
  }

  receive({ media, body }: MessageOf<'Sealed'>, defaults: HttpDefaults, now: Millis): Opened {
    for (const keyId of this.#ring.expire(now)) this.#replays.forgetKey(keyId)
    switch (media) {
      case CHUNKED_INFER_FORMAT.requestMedia:
        return this.#receiveNative(body, now)
      case CHUNKED_BHTTP_FORMAT.requestMedia:
        return this.#receiveChunks(this.#httpChunked, body, now, (plain, exchange) =>
          this.#readHttp(plain, exchange, { shape: 'http-chunked', defaults, now }),
        )
      case BHTTP_FORMAT.requestMedia: {
        const opened = this.#http.open(body, now)
        if (!opened.ok) return refusedAs(opened.code, opened.detail)
        return this.#readHttp(opened.value.request, opened.value.exchange, { shape: 'http', defaults, now })
      }
      default:
        return { type: 'refused', code: 'bad-request', detail: `expected a sealed request, found media type ${media}` }
    }
  }

  #receiveNative(body: Uint8Array, now: Millis): Opened {
    return this.#receiveChunks(this.#native, body, now, (plain, exchange) => {
      const answer = (code: ErrorCode, detail: string): Opened => ({ type: 'answered', exchange, shape: 'native', code, detail })
      const question = decodeQuestion(plain)
      if (!question.ok) return answer('bad-request', question.detail)
      const { date } = question.value
      const { dateWindow } = this.#options
      if (Math.abs(now - date) > dateWindow)
        return answer('bad-date', `expected a date within ${dateWindow} ms, found one ${now - date} ms ago`)
      return this.#once(
        { type: 'accepted', exchange, shape: 'native', question: { ...question.value, isStream: true } },
        date + dateWindow,
        now,
      )
    })
  }

  /** A relay may cut a message anywhere: from the first chunk that opened on, what is wrong is told under the seal. */
  #receiveChunks(
    receiver: ObliviousReceiver,
    body: Uint8Array,
    now: Millis,
    read: (plain: Uint8Array, exchange: Exchange) => Opened,
  ): Opened {
    const opener = receiver.start(now)
    const opened = opener.push(body)
    const end = opened.ok ? opener.end() : opened
    const exchange = opener.exchange()
    if (opened.ok && end.ok && exchange !== undefined) return read(concatBytes(...opened.value, end.value), exchange)
    const { code, detail } = end.ok ? { code: 'malformed', detail: 'nothing opened' } : end
    if (exchange === undefined) return refusedAs(code, detail)
    return { type: 'answered', exchange, shape: receiver === this.#native ? 'native' : 'http-chunked', code: 'bad-request', detail }
  }

  /** Many HTTP clients send no date, so a request is remembered for as long as its key opens anything. */
  #readHttp(
    plain: Uint8Array,
    exchange: Exchange,
    { shape, defaults, now }: { readonly shape: Shape; readonly defaults: HttpDefaults; readonly now: Millis },
  ): Opened {
    const request = decodeHttpRequest(plain)
    const read = request.ok ? chatQuestion(request.value, defaults) : { ok: false as const, detail: request.detail }
    if (!read.ok) return { type: 'answered', exchange, shape, code: 'bad-request', detail: read.detail }
    const keepUntil = this.#ring.find(exchange.keyId, now)?.acceptedUntil ?? now
    return this.#once({ type: 'accepted', exchange, shape, question: read.question }, keepUntil, now)
  }

  #once(accepted: Extract<Opened, { readonly type: 'accepted' }>, keepUntil: Millis, now: Millis): Opened {
    const { exchange, shape } = accepted
    const admission = this.#replays.admit(exchange, keepUntil, now)
    if (admission === 'fresh') return accepted
    if (admission === 'replayed') return { type: 'answered', exchange, shape, code: 'replayed', detail: 'this sealed request came before' }
    return { type: 'answered', exchange, shape, code: 'not-processed', detail: 'too many requests are remembered; try later' }
  }
}

function refusedAs(code: string, detail: string): Opened {
  const isKey = code === 'unknown-key' || code === 'unknown-suite'
  return { type: 'refused', code: isKey ? 'unknown-key' : 'seal-broken', detail }
}
