import { concat, EMPTY } from '../bytes.ts'
import { fail, type Result, succeed } from '../result.ts'
import { type BhttpCode, BhttpDecoder, type BhttpEvent, type BhttpLimits, bhttpLimits } from './decoder.ts'
import type { Field, HttpRequest, HttpResponse, InformationalResponse } from './message.ts'
import type { RequestControl } from './validity.ts'

/** Decodes one whole request. Unlike the decoder's events, nothing is seen of a message that turns out invalid. */
export function decodeRequest(bytes: Uint8Array, limits: BhttpLimits = bhttpLimits): Result<HttpRequest, BhttpCode> {
  const parts = decodeParts(bytes, limits)
  if (!parts.ok) return parts
  const { control, fields, trailers } = parts.value
  if (!control) return fail('malformed', 'binary HTTP: expected a request, got a response')
  const { method, scheme, authority, path } = control
  return succeed({ method, scheme, authority, path, fields, content: contentOf(parts.value), trailers })
}

/** Decodes one whole response. */
export function decodeResponse(bytes: Uint8Array, limits: BhttpLimits = bhttpLimits): Result<HttpResponse, BhttpCode> {
  const parts = decodeParts(bytes, limits)
  if (!parts.ok) return parts
  const { informational, status, fields, trailers } = parts.value
  if (status === undefined) return fail('malformed', 'binary HTTP: expected a response, got a request')
  return succeed({ informational, status, fields, content: contentOf(parts.value), trailers })
}

interface Parts {
  control: RequestControl | undefined
  informational: InformationalResponse[]
  status: number | undefined
  fields: readonly Field[]
  pieces: Uint8Array[]
  trailers: readonly Field[]
}

function decodeParts(bytes: Uint8Array, limits: BhttpLimits): Result<Parts, BhttpCode> {
  const decoder = new BhttpDecoder(limits)
  const parts: Parts = { control: undefined, informational: [], status: undefined, fields: [], pieces: [], trailers: [] }
  const first = decoder.push(bytes)
  if (!first.ok) return first
  collect(first.value, parts)
  const last = decoder.end()
  if (!last.ok) return last
  collect(last.value, parts)
  return succeed(parts)
}

/** One piece, as nearly always, is passed on without a copy. */
function contentOf({ pieces }: Parts): Uint8Array {
  const [only = EMPTY] = pieces
  return pieces.length < 2 ? only : concat(...pieces)
}

function collect(events: readonly BhttpEvent[], parts: Parts): void {
  for (const event of events) collectOne(event, parts)
}

function collectOne(event: BhttpEvent, parts: Parts): void {
  switch (event.type) {
    case 'request':
      parts.control = event.control
      parts.fields = event.fields
      return
    case 'informational':
      parts.informational.push({ status: event.status, fields: event.fields })
      return
    case 'response':
      parts.status = event.status
      parts.fields = event.fields
      return
    case 'content':
      parts.pieces.push(event.bytes)
      return
    case 'trailers':
      parts.trailers = event.fields
  }
}
