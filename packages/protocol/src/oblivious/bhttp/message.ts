/** A field name in lower case and its value, one character per byte. */
export type Field = readonly [name: string, value: string]

/** An HTTP request without its version (RFC 9292 §3.4). Text holds one character per byte. */
export interface HttpRequest {
  readonly method: string
  readonly scheme: string
  /** Empty where a `host` field names the server. */
  readonly authority: string
  readonly path: string
  readonly fields: readonly Field[]
  readonly content: Uint8Array
  readonly trailers: readonly Field[]
}

export interface InformationalResponse {
  readonly status: number
  readonly fields: readonly Field[]
}

export interface HttpResponse {
  readonly informational: readonly InformationalResponse[]
  readonly status: number
  readonly fields: readonly Field[]
  readonly content: Uint8Array
  readonly trailers: readonly Field[]
}

export type Framing = 'known' | 'indeterminate'

/** First integer of a message (RFC 9292 §3.3). */
export const INDICATOR = { knownRequest: 0, knownResponse: 1, indeterminateRequest: 2, indeterminateResponse: 3 } as const

/** The first value of a field, or `undefined`. */
export const fieldOf = (fields: readonly Field[], name: string): string | undefined => fields.find(([other]) => other === name)?.[1]

/** A response with no more than a status and a content. */
export const plainResponse = (status: number, content: Uint8Array, fields: readonly Field[] = []): HttpResponse => ({
  informational: [],
  status,
  fields,
  content,
  trailers: [],
})
