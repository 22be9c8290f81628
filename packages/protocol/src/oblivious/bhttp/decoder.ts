import { latin1 } from '../bytes.ts'
import { type Failed, fail, type Result, succeed } from '../result.ts'
import { ByteQueue } from './byte-queue.ts'
import { type Field, INDICATOR } from './message.ts'
import { controlFault, fieldsFault, type RequestControl } from './validity.ts'

export type BhttpCode = 'malformed' | 'truncated' | 'too-large'

export interface BhttpLimits {
  /** Bytes of one control text or one field section. */
  readonly section: number
  /** Bytes of all content. */
  readonly content: number
  /** Pieces that content may come in, so that pieces of one byte do not take many times their size in memory. */
  readonly pieces: number
  /** Informational responses before the final one. */
  readonly informational: number
}

export const bhttpLimits: BhttpLimits = { section: 65536, content: 16777216, pieces: 262144, informational: 16 }

export type BhttpEvent =
  | { readonly type: 'request'; readonly control: RequestControl; readonly fields: readonly Field[] }
  | { readonly type: 'informational'; readonly status: number; readonly fields: readonly Field[] }
  | { readonly type: 'response'; readonly status: number; readonly fields: readonly Field[] }
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  | { readonly type: 'trailers'; readonly fields: readonly Field[] }

type Stage = 'indicator' | 'control' | 'fields' | 'content' | 'trailers' | 'padding'

/** Reads a binary HTTP message of either kind and either framing, in pieces of any size. The first failure is final. */
export class BhttpDecoder {
  readonly #limits: BhttpLimits
  readonly #queue = new ByteQueue()
  #events: BhttpEvent[] = []
  #failure: Failed<BhttpCode> | undefined
  #stage: Stage = 'indicator'
  #request = false
  #known = false
  #head: { readonly control: RequestControl } | { readonly status: number } | undefined
  #informational = 0
  #lines: Field[] = []
  #linesSize = 0
  #contentSize = 0
  #pieces = 0
  /** Content bytes still to come of the known length or the open chunk; `undefined` before a length was read. */
  #contentLeft: number | undefined

  constructor(limits: BhttpLimits = bhttpLimits) {
    this.#limits = limits
  }

  push(bytes: Uint8Array): Result<readonly BhttpEvent[], BhttpCode> {
    this.#queue.push(bytes)
    while (!this.#failure && this.#step());
    return this.#failure ?? this.#drain()
  }

  /** Says that no more bytes come. What is missing counts as empty, if it may be missing at all (RFC 9292 §3.8). */
  end(): Result<readonly BhttpEvent[], BhttpCode> {
    if (this.#failure) return this.#failure
    if (!this.#mayEnd()) return this.#fail('truncated', `a message that ends inside its ${this.#stage}`)
    if (this.#stage === 'fields') this.#finishFields()
    else if (this.#stage === 'trailers') this.#finishTrailers()
    return this.#failure ?? this.#drain()
  }

  #mayEnd(): boolean {
    if (this.#stage === 'padding') return true
    if (this.#queue.left() > 0 || this.#lines.length > 0) return false
    if (this.#stage === 'content') return this.#contentLeft === undefined && this.#contentSize === 0
    return this.#stage === 'trailers' || (this.#stage === 'fields' && !this.#isInformational())
  }

  /** Reads one item. False when it needs more bytes, or failed. */
  #step(): boolean {
    switch (this.#stage) {
      case 'indicator':
        return this.#readIndicator()
      case 'control':
        return this.#request ? this.#readRequestControl() : this.#readStatus()
      case 'fields':
        return this.#readSection() && this.#finishFields()
      case 'content':
        return this.#readContent()
      case 'trailers':
        return this.#readSection() && this.#finishTrailers()
      case 'padding':
        return this.#readPadding()
    }
  }

  #readIndicator(): boolean {
    const indicator = this.#queue.varint()
    if (indicator === undefined) return false
    if (indicator > 3) return this.#refuse('malformed', `a framing indicator ${indicator}, expected 0 to 3`)
    this.#request = indicator === INDICATOR.knownRequest || indicator === INDICATOR.indeterminateRequest
    this.#known = indicator === INDICATOR.knownRequest || indicator === INDICATOR.knownResponse
    this.#stage = 'control'
    return true
  }

  #readRequestControl(): boolean {
    const start = this.#queue.mark()
    const texts: string[] = []
    while (texts.length < 4) {
      const text = this.#readText()
      if (text === undefined) {
        this.#queue.rewind(start)
        return false
      }
      texts.push(text)
    }
    const [method = '', scheme = '', authority = '', path = ''] = texts
    const control = { method, scheme, authority, path }
    const fault = controlFault(control)
    if (fault) return this.#refuse('malformed', fault)
    this.#head = { control }
    this.#stage = 'fields'
    return true
  }

  #readStatus(): boolean {
    const status = this.#queue.varint()
    if (status === undefined) return false
    if (status < 100 || status > 599) return this.#refuse('malformed', `a status ${status}, expected 100 to 599`)
    this.#head = { status }
    if (this.#isInformational()) this.#informational += 1
    if (this.#informational > this.#limits.informational) return this.#refuse('too-large', 'more informational responses than allowed')
    this.#stage = 'fields'
    return true
  }

  #isInformational(): boolean {
    return this.#head !== undefined && 'status' in this.#head && this.#head.status < 200
  }

  #readText(): string | undefined {
    const length = this.#queue.varint()
    if (length === undefined) return undefined
    if (length > this.#limits.section) {
      this.#refuse('too-large', `a text of ${length} bytes, at most ${this.#limits.section} are read`)
      return undefined
    }
    const bytes = this.#queue.take(length)
    return bytes && latin1(bytes)
  }

  /** True once all lines of the section are in `#lines`. */
  #readSection(): boolean {
    return this.#known ? this.#readKnownSection() : this.#readLinesToZero(this.#queue)
  }

  #readKnownSection(): boolean {
    const start = this.#queue.mark()
    const length = this.#queue.varint()
    if (length === undefined) return false
    if (length > this.#limits.section)
      return this.#refuse('too-large', `a field section of ${length} bytes, at most ${this.#limits.section} are read`)
    const bytes = this.#queue.take(length)
    if (!bytes) {
      this.#queue.rewind(start)
      return false
    }
    const section = new ByteQueue()
    section.push(bytes)
    while (section.left() > 0) {
      if (this.#readLine(section) !== 'line') return this.#refuse('malformed', 'a field line that does not fit its section')
    }
    return true
  }

  #readLinesToZero(queue: ByteQueue): boolean {
    while (!this.#failure) {
      const read = this.#readLine(queue)
      if (read !== 'line') return read === 'zero'
      if (this.#linesSize > this.#limits.section) return this.#refuse('too-large', `a field section over ${this.#limits.section} bytes`)
    }
    return false
  }

  #readLine(queue: ByteQueue): 'line' | 'zero' | 'more' {
    const start = queue.mark()
    const nameLength = queue.varint()
    if (nameLength === 0) return 'zero'
    const name = this.#readPart(queue, nameLength)
    const value = name && this.#readPart(queue, queue.varint())
    if (!name || !value) {
      queue.rewind(start)
      return 'more'
    }
    this.#lines.push([latin1(name), latin1(value)])
    this.#linesSize += name.length + value.length + 2
    return 'line'
  }

  #readPart(queue: ByteQueue, length: number | undefined): Uint8Array | undefined {
    if (length === undefined) return undefined
    if (length <= this.#limits.section) return queue.take(length)
    this.#refuse('too-large', `a field part of ${length} bytes, at most ${this.#limits.section} are read`)
    return undefined
  }

  #takeLines(): readonly Field[] | undefined {
    const fields = this.#lines
    this.#lines = []
    this.#linesSize = 0
    const fault = fieldsFault(fields)
    if (fault) this.#refuse('malformed', fault)
    return fault ? undefined : fields
  }

  #finishFields(): boolean {
    const fields = this.#takeLines()
    const head = this.#head
    if (!fields || !head) return false
    if ('control' in head) this.#events.push({ type: 'request', control: head.control, fields })
    else this.#events.push({ type: this.#isInformational() ? 'informational' : 'response', status: head.status, fields })
    this.#stage = this.#isInformational() ? 'control' : 'content'
    return true
  }

  #readContent(): boolean {
    if (this.#contentLeft === undefined) return this.#readContentLength()
    const bytes = this.#queue.take(Math.min(this.#contentLeft, this.#queue.left()))
    if (!bytes || bytes.length === 0) return false
    this.#contentLeft -= bytes.length
    this.#events.push({ type: 'content', bytes })
    if (this.#contentLeft > 0) return false
    if (this.#known) this.#stage = 'trailers'
    else this.#contentLeft = undefined
    return true
  }

  #readContentLength(): boolean {
    const length = this.#queue.varint()
    if (length === undefined) return false
    this.#contentSize += length
    if (length > 0) this.#pieces += 1
    if (this.#pieces > this.#limits.pieces) return this.#refuse('too-large', `content in more than ${this.#limits.pieces} pieces`)
    if (this.#contentSize > this.#limits.content) return this.#refuse('too-large', `content over ${this.#limits.content} bytes`)
    if (length === 0) this.#stage = 'trailers'
    else this.#contentLeft = length
    return true
  }

  #finishTrailers(): boolean {
    const fields = this.#takeLines()
    if (!fields) return false
    if (fields.some(([name]) => name.startsWith(':'))) return this.#refuse('malformed', 'a pseudo-field among the trailers')
    if (fields.length > 0) this.#events.push({ type: 'trailers', fields })
    this.#stage = 'padding'
    return true
  }

  #readPadding(): boolean {
    const bytes = this.#queue.take(this.#queue.left())
    if (bytes?.some((byte) => byte !== 0)) return this.#refuse('malformed', 'padding that is not all zero')
    return false
  }

  #drain(): Result<readonly BhttpEvent[], BhttpCode> {
    const events = this.#events
    this.#events = []
    return succeed(events)
  }

  #fail(code: BhttpCode, detail: string): Failed<BhttpCode> {
    this.#failure ??= fail(code, `binary HTTP: ${detail}`)
    return this.#failure
  }

  #refuse(code: BhttpCode, detail: string): false {
    this.#fail(code, detail)
    return false
  }
}
