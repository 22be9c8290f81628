import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { BHttpDecoder } from 'bhttp-js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../bytes.ts'
import { BhttpDecoder, bhttpLimits } from './decoder.ts'
import { encodeContent, encodeContentEnd, encodeRequest, encodeResponse, encodeResponseHead } from './encoder.ts'
import { type Field, type Framing, type HttpRequest, type HttpResponse, plainResponse } from './message.ts'
import { decodeRequest, decodeResponse } from './whole.ts'

const CURL: HttpRequest = {
  method: 'GET',
  scheme: 'https',
  authority: '',
  path: '/hello.txt',
  fields: [
    ['user-agent', 'curl/7.16.3 libcurl/7.16.3 OpenSSL/0.9.7l zlib/1.2.3'],
    ['host', 'www.example.com'],
    ['accept-language', 'en, mi'],
  ],
  content: new Uint8Array(0),
  trailers: [],
}
/** The hex of RFC 9292 §5.1 and §5.2. */
const CURL_KNOWN = hexToBytes(
  '00034745540568747470' +
    '73000a2f68656c6c6f2e747874406c0a757365722d6167656e74346375726c2f372e31362e33206c69626375726c2f372e31362e33204f70656e53534c2f302e392e376c207a6c69622f312e322e3304686f73740f7777772e6578616d706c652e636f6d0f6163636570742d6c616e677561676506656e2c206d690000',
)
const CURL_INDETERMINATE = hexToBytes(
  '02034745540568747470' +
    '73000a2f68656c6c6f2e7478740a757365722d6167656e74346375726c2f372e31362e33206c69626375726c2f372e31362e33204f70656e53534c2f302e392e376c207a6c69622f312e322e3304686f73740f7777772e6578616d706c652e636f6d0f6163636570742d6c616e677561676506656e2c206d6900000000000000000000000000',
)
const CRLF_KNOWN = hexToBytes('0140c8001d5468697320636f6e74656e7420636f6e7461696e732043524c462e0d0a0d07747261696c65720474657874')
const CRLF = { ...plainResponse(200, utf8ToBytes('This content contains CRLF.\r\n')), trailers: [['trailer', 'text']] as const }

test('encodes the request of RFC 9292 §5.1 to its bytes, in both framings', () => {
  expect(encodeRequest(CURL)).toEqual(CURL_KNOWN)
  expect(concat(encodeRequest(CURL, { framing: 'indeterminate' }), new Uint8Array(10))).toEqual(CURL_INDETERMINATE)
})

test('decodes the request of RFC 9292 §5.1 whole, truncated and padded', () => {
  for (let cut = 0; cut <= 2; cut++) expect(decodeRequest(CURL_KNOWN.subarray(0, -cut || undefined))).toEqual({ ok: true, value: CURL })
  for (let cut = 0; cut <= 12; cut++) {
    expect(decodeRequest(CURL_INDETERMINATE.subarray(0, -cut || undefined))).toEqual({ ok: true, value: CURL })
  }
  expect(decodeRequest(CURL_KNOWN.subarray(0, -3)).ok).toBe(false)
  expect(decodeRequest(CURL_INDETERMINATE.subarray(0, -13)).ok).toBe(false)
})

test('encodes and decodes the response with a trailer of RFC 9292 §5.2', () => {
  expect(encodeResponse(CRLF)).toEqual(CRLF_KNOWN)
  expect(decodeResponse(CRLF_KNOWN)).toEqual({ ok: true, value: CRLF })
})

test('decodes informational responses before the final one', () => {
  const response: HttpResponse = {
    ...plainResponse(200, utf8ToBytes('Hello')),
    informational: [
      { status: 102, fields: [['running', '"sleep 15"']] },
      { status: 103, fields: [] },
    ],
  }

  for (const framing of ['known', 'indeterminate'] as const) {
    expect(decodeResponse(encodeResponse(response, { framing }))).toEqual({ ok: true, value: response })
  }
})

test('what is encoded decodes to the same, in every framing, truncation and padding, here and in bhttp-js', async () => {
  const decoder = new BHttpDecoder()
  await fc.assert(
    fc.asyncProperty(requests, framings, fc.boolean(), fc.nat(40), async (request, framing, truncate, padding) => {
      const bytes = concat(encodeRequest(request, { framing, truncate }), new Uint8Array(padding))
      expect(decodeRequest(bytes)).toEqual({ ok: true, value: request })

      const foreign = decoder.decodeRequest(bytes)
      expect(foreign.method).toBe(request.method)
      expect(new Uint8Array(await foreign.arrayBuffer())).toEqual(request.content)
      for (const [name, value] of request.fields) expect(foreign.headers.get(name)).toContain(value)
    }),
    { numRuns: 60 },
  )
})

test('a message gives the same events however it is cut into pieces', () => {
  fc.assert(
    fc.property(responses, framings, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (response, framing, sizes) => {
      const bytes = encodeResponse(response, { framing })
      const decoder = new BhttpDecoder()
      const content: Uint8Array[] = []
      for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        const events = decoder.push(bytes.subarray(offset, offset + size))
        for (const event of events.ok ? events.value : []) if (event.type === 'content') content.push(event.bytes)
        offset += size
      }

      expect(decoder.end().ok).toBe(true)
      expect(concat(...content)).toEqual(response.content)
    }),
  )
})

test('a response built piece by piece decodes as a whole', () => {
  const pieces = ['to', 'ken', '', 's'].map((text) => encodeContent(utf8ToBytes(text)))
  const head = encodeResponseHead({ informational: [], status: 200, fields: [['content-type', 'text/event-stream']] })

  const decoded = decodeResponse(concat(head, ...pieces, encodeContentEnd([['usage', '3']])))

  expect(decoded).toMatchObject({ ok: true, value: { status: 200, content: utf8ToBytes('tokens'), trailers: [['usage', '3']] } })
})

test('content that stops before its end is truncated, not shorter', () => {
  const head = encodeResponseHead({ informational: [], status: 200, fields: [] })
  const open = concat(head, encodeContent(utf8ToBytes('all the')))

  expect(decodeResponse(head).ok).toBe(true)
  expect(decodeResponse(open)).toMatchObject({ ok: false, code: 'truncated' })
  expect(decodeResponse(open.subarray(0, -1))).toMatchObject({ ok: false, code: 'truncated' })
  expect(decodeResponse(concat(open, encodeContentEnd())).ok).toBe(true)
})

test.each<[string, readonly Field[]]>([
  ['upper-case name', [['Accept', 'x']]],
  ['empty name after the colon', [[':', 'x']]],
  ['control pseudo-field', [[':path', '/']]],
  [
    'pseudo-field after another',
    [
      ['a', 'b'],
      [':protocol', 'c'],
    ],
  ],
  ['line break in a value', [['a', 'b\r\nc: d']]],
  ['NUL in a value', [['a', 'b\0']]],
  ['space before a value', [['a', ' b']]],
  ['connection field', [['transfer-encoding', 'chunked']]],
])('refuses a field section with a fault: %s', (_, fields) => {
  const lines = concat(
    ...fields.flatMap(([name, value]) => [Uint8Array.of(name.length), utf8ToBytes(name), Uint8Array.of(value.length), utf8ToBytes(value)]),
  )

  expect(decodeResponse(concat(hexToBytes('0140c8'), Uint8Array.of(lines.length), lines))).toMatchObject({ ok: false, code: 'malformed' })
  expect(() => encodeResponse(plainResponse(200, new Uint8Array(0), fields))).toThrow('expected a valid response')
})

test.each([
  ['unknown framing', '04', 'malformed'],
  ['status under 100', '014063', 'malformed'],
  ['status over 599', '014258', 'malformed'],
  ['padding that is not zero', '0140c800000000ff00', 'malformed'],
  ['field section of 4 GiB', '0140c8c000000100000000', 'too-large'],
  ['content of 2^62 bytes', '0140c800ffffffffffffffff', 'too-large'],
  ['informational response with nothing after it', '014066', 'truncated'],
  ['nothing at all', '', 'truncated'],
])('refuses a message with a fault: %s', (_, hex, code) => {
  expect(decodeResponse(hexToBytes(hex))).toMatchObject({ ok: false, code })
})

test('more informational responses than the limit are refused', () => {
  const response = {
    ...plainResponse(200, new Uint8Array(0)),
    informational: Array.from({ length: 17 }, () => ({ status: 100, fields: [] })),
  }

  expect(decodeResponse(encodeResponse(response))).toMatchObject({ ok: false, code: 'too-large' })
})

test('content in more pieces, or of more bytes, than the limits is refused', () => {
  const limits = { ...bhttpLimits, content: 10, pieces: 3 }
  const head = encodeResponseHead({ informational: [], status: 200, fields: [] })
  const pieces = (count: number, size: number) =>
    concat(head, ...Array.from({ length: count }, () => encodeContent(new Uint8Array(size))), encodeContentEnd())

  expect(decodeResponse(pieces(2, 5), limits).ok).toBe(true)
  expect(decodeResponse(pieces(3, 1), limits).ok).toBe(true)
  expect(decodeResponse(pieces(4, 1), limits)).toMatchObject({ ok: false, code: 'too-large' })
  expect(decodeResponse(pieces(1, 11), limits)).toMatchObject({ ok: false, code: 'too-large' })
})

test('hostile bytes give a value, never a throw, and the failure is final', () => {
  fc.assert(
    fc.property(responses, framings, fc.tuple(fc.nat(), fc.nat(255), fc.nat()), (response, framing, [at, byte, cut]) => {
      const bytes = encodeResponse(response, { framing })
      bytes[at % bytes.length] = byte
      const hostile = bytes.subarray(0, cut % (bytes.length + 1))
      const decoder = new BhttpDecoder()
      const first = decoder.push(hostile)
      const last = decoder.end()

      if (!first.ok) expect(last).toBe(first)
      expect(typeof decodeRequest(hostile).ok).toBe('boolean')
    }),
    { numRuns: 500 },
  )
})

const framings = fc.constantFrom<Framing>('known', 'indeterminate')
const names = fc.stringMatching(/^x-[a-z0-9]{1,8}$/)
const values = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/)
const fieldLists = fc.uniqueArray(fc.tuple(names, values), { maxLength: 4, selector: ([name]) => name })
const contents = fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes))
const requests: fc.Arbitrary<HttpRequest> = fc.record({
  method: fc.constant('POST'),
  scheme: fc.constant('https'),
  authority: fc.constant('model.example'),
  path: fc.webPath().map((path) => `/v1${path}`),
  fields: fieldLists,
  content: contents,
  trailers: fieldLists,
})
const responses: fc.Arbitrary<HttpResponse> = fc.record({
  informational: fc.array(fc.record({ status: fc.integer({ min: 100, max: 199 }), fields: fieldLists }), { maxLength: 2 }),
  status: fc.integer({ min: 200, max: 599 }),
  fields: fieldLists,
  content: contents,
  trailers: fieldLists,
})
