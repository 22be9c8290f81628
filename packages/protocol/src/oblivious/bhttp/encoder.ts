import { assert } from '@infermesh/kernel'
import { EMPTY } from '../bytes.ts'
import { varintLength } from '../varint.ts'
import { ByteWriter, textLength } from './byte-writer.ts'
import { type Field, type Framing, type HttpRequest, type HttpResponse, INDICATOR } from './message.ts'
import { controlFault, fieldsFault } from './validity.ts'

export interface EncodeOptions {
  readonly framing?: Framing
  /** Leaves out empty sections at the end (RFC 9292 §3.8). */
  readonly truncate?: boolean
}

export function encodeRequest(request: HttpRequest, options: EncodeOptions = {}): Uint8Array {
  const framing = options.framing ?? 'known'
  const fault = controlFault(request) ?? fieldsFault(request.fields) ?? fieldsFault(request.trailers)
  assert(!fault, `expected a valid request to encode, got ${fault}`)
  const sections = sectionCount(request, options)
  const { method, scheme, authority, path } = request
  const control = textLength(method) + textLength(scheme) + textLength(authority) + textLength(path)
  const writer = new ByteWriter(1 + control + bodyLength(request, framing, sections))
  writer.varint(framing === 'known' ? INDICATOR.knownRequest : INDICATOR.indeterminateRequest)
  writer.text(method)
  writer.text(scheme)
  writer.text(authority)
  writer.text(path)
  writeBody(writer, request, framing, sections)
  return writer.bytes
}

export function encodeResponse(response: HttpResponse, options: EncodeOptions = {}): Uint8Array {
  const framing = options.framing ?? 'known'
  const fault = responseFault(response) ?? fieldsFault(response.trailers)
  assert(!fault, `expected a valid response to encode, got ${fault}`)
  const sections = sectionCount(response, options)
  const writer = new ByteWriter(responseControlLength(response, framing) + bodyLength(response, framing, sections))
  writeResponseControl(writer, response, framing)
  writeBody(writer, response, framing, sections)
  return writer.bytes
}

type ResponseHead = Omit<HttpResponse, 'content' | 'trailers'>

/** The start of a response whose content follows piece by piece: everything up to the content, indeterminate framing. */
export function encodeResponseHead(head: ResponseHead): Uint8Array {
  const fault = responseFault(head)
  assert(!fault, `expected a valid response to encode, got ${fault}`)
  const writer = new ByteWriter(responseControlLength(head, 'indeterminate') + sectionLength(head.fields, 'indeterminate'))
  writeResponseControl(writer, head, 'indeterminate')
  writeSection(writer, head.fields, 'indeterminate')
  return writer.bytes
}

/** One piece of content of a started response. An empty piece would read as the end, so it becomes no bytes at all. */
export function encodeContent(piece: Uint8Array): Uint8Array {
  if (piece.length === 0) return EMPTY
  const writer = new ByteWriter(varintLength(piece.length) + piece.length)
  writer.varint(piece.length)
  writer.raw(piece)
  return writer.bytes
}

/** The end of a started response. */
export function encodeContentEnd(trailers: readonly Field[] = []): Uint8Array {
  const fault = fieldsFault(trailers)
  assert(!fault, `expected valid trailers to encode, got ${fault}`)
  const writer = new ByteWriter(1 + sectionLength(trailers, 'indeterminate'))
  writer.varint(0)
  writeSection(writer, trailers, 'indeterminate')
  return writer.bytes
}

function responseFault(head: ResponseHead): string | undefined {
  if (head.status < 200 || head.status > 599) return `a final status ${head.status}, expected 200 to 599`
  for (const { status, fields } of head.informational) {
    if (status < 100 || status > 199) return `an informational status ${status}, expected 100 to 199`
    const fault = fieldsFault(fields)
    if (fault) return fault
  }
  return fieldsFault(head.fields)
}

function responseControlLength(head: ResponseHead, framing: Framing): number {
  const before = head.informational.reduce((total, { status, fields }) => total + varintLength(status) + sectionLength(fields, framing), 0)
  return 1 + before + varintLength(head.status)
}

function writeResponseControl(writer: ByteWriter, head: ResponseHead, framing: Framing): void {
  writer.varint(framing === 'known' ? INDICATOR.knownResponse : INDICATOR.indeterminateResponse)
  for (const { status, fields } of head.informational) {
    writer.varint(status)
    writeSection(writer, fields, framing)
  }
  writer.varint(head.status)
}

interface Body {
  readonly fields: readonly Field[]
  readonly content: Uint8Array
  readonly trailers: readonly Field[]
}

/** How many of the three sections after the control data are written. */
function sectionCount(body: Body, options: EncodeOptions): number {
  if (!options.truncate || body.trailers.length > 0) return 3
  if (body.content.length > 0) return 2
  return body.fields.length > 0 ? 1 : 0
}

function bodyLength(body: Body, framing: Framing, sections: number): number {
  const fields = sections > 0 ? sectionLength(body.fields, framing) : 0
  const content = sections > 1 ? contentLength(body.content.length, framing) : 0
  return fields + content + (sections > 2 ? sectionLength(body.trailers, framing) : 0)
}

function writeBody(writer: ByteWriter, body: Body, framing: Framing, sections: number): void {
  if (sections > 0) writeSection(writer, body.fields, framing)
  if (sections > 1) writeContent(writer, body.content, framing)
  if (sections > 2) writeSection(writer, body.trailers, framing)
}

function contentLength(length: number, framing: Framing): number {
  const filled = varintLength(length) + length
  return framing === 'indeterminate' && length > 0 ? filled + 1 : filled
}

function writeContent(writer: ByteWriter, content: Uint8Array, framing: Framing): void {
  writer.varint(content.length)
  writer.raw(content)
  if (framing === 'indeterminate' && content.length > 0) writer.varint(0)
}

const linesLength = (fields: readonly Field[]): number =>
  fields.reduce((total, [name, value]) => total + textLength(name) + textLength(value), 0)

function sectionLength(fields: readonly Field[], framing: Framing): number {
  const lines = linesLength(fields)
  return lines + (framing === 'known' ? varintLength(lines) : 1)
}

function writeSection(writer: ByteWriter, fields: readonly Field[], framing: Framing): void {
  if (framing === 'known') writer.varint(linesLength(fields))
  for (const [name, value] of fields) {
    writer.text(name)
    writer.text(value)
  }
  if (framing === 'indeterminate') writer.varint(0)
}
