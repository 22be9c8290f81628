import { utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRequest } from './bhttp/encoder.ts'
import { type Field, type HttpRequest, plainResponse } from './bhttp/message.ts'
import { decodeResponse } from './bhttp/whole.ts'
import { latin1 } from './bytes.ts'
import { BHTTP_FORMAT } from './format.ts'
import { ObliviousGateway, type ObliviousGatewayConfig, obliviousGatewayDefaults, type Reception } from './gateway.ts'
import { formatHttpDate, parseHttpDate } from './http-date.ts'
import { KeyRing } from './key-ring.ts'
import { nodePrimitives } from './node/primitives.ts'
import type { HpkePrimitives } from './primitives.ts'
import { ReplayWindow } from './replay-window.ts'
import { must } from './result.ts'
import { ObliviousSender, type SealedRequest } from './sender.ts'
import { sizedPrimitives } from './sized-primitives.ts'

const NOW = 1_790_000_000_000
const entropy = new Uint8Array(32).fill(77)

test('an accepted request is answered inside the seal, at a padded length', () => {
  const { gateway, seal } = exchange()
  const sealed = seal(requestAt(NOW))

  const reception = gateway.receive(sealed.message, entropy, NOW)

  expect(reception).toMatchObject({ type: 'accepted', request: { path: '/v1/infer' } })
  if (reception.type !== 'accepted') return
  const short = reception.respond(plainResponse(200, utf8ToBytes('yes')))
  const long = reception.respond(plainResponse(200, new Uint8Array(900)))
  expect(latin1(must(decodeResponse(must(sealed.open(short)))).content)).toBe('yes')
  expect([short.length, long.length]).toEqual([1024 + 32, 1024 + 32])
})

test('of k copies of a request one is served, whichever relay sends them, and state ends with the window', () => {
  const { gateway, seal } = exchange()
  const { message } = seal(requestAt(NOW))

  const receptions = Array.from({ length: 6 }, (_, copy) => gateway.receive(message, entropy, NOW + copy * 9_000))

  expect(receptions.map((reception) => reception.type)).toEqual(['accepted', ...Array(5).fill('answered')])
  expect(receptions.slice(1).every((reception) => reception.type === 'answered' && reception.code === 'replayed')).toBe(true)
  expect(gateway.remembered(NOW + 60_000)).toBe(1)
  expect(gateway.receive(message, entropy, NOW + 60_000)).toMatchObject({ code: 'replayed' })
  expect(gateway.receive(message, entropy, NOW + 61_000)).toMatchObject({ type: 'answered', code: 'bad-date' })
  expect(gateway.remembered(NOW + 70_000)).toBe(0)
})

test('a replay window holds about rate times window entries', () => {
  const { gateway, seal } = exchange(sizedPrimitives)
  const rate = 20

  for (let count = 0; count < rate * 180; count++) {
    const at = NOW + Math.floor((count * 1000) / rate)
    expect(gateway.receive(seal(requestAt(at)).message, entropy, at).type).toBe('accepted')
  }

  const expected = rate * 60
  expect(gateway.remembered(NOW + 180_000)).toBeGreaterThan(expected * 0.9)
  expect(gateway.remembered(NOW + 180_000)).toBeLessThan(expected * 1.1)
})

test('garbage under a known encapsulated key neither asks about a request nor burns it', () => {
  const { gateway, seal } = exchange()
  const { message } = seal(requestAt(NOW))
  const probe = new Uint8Array(message)
  probe[60] = (probe[60] ?? 0) ^ 1

  const before = gateway.receive(probe, entropy, NOW)
  const served = gateway.receive(message, entropy, NOW)
  const after = gateway.receive(probe, entropy, NOW)

  expect(before).toEqual({ type: 'refused', status: 422, code: 'decrypt-failed' })
  expect(served.type).toBe('accepted')
  expect(after).toEqual(before)
})

test('what is wrong inside the seal is said inside the seal, and all such answers look the same outside', () => {
  const { gateway, seal, sender, primitives } = exchange()
  const replay = seal(requestAt(NOW))
  gateway.receive(replay.message, entropy, NOW)
  const bad = must(sender.seal(utf8ToBytes('no binary HTTP'), primitives.keyPair(new Uint8Array(32).fill(200))))
  const cases: readonly (readonly [SealedRequest, string, number])[] = [
    [bad, 'bad-message', 400],
    [seal(requestAt(NOW, [['expect', '100-continue']])), 'expectation', 400],
    [seal(requestAt(NOW - 61_000)), 'bad-date', 400],
    [seal(requestAt(NOW + 62_000)), 'bad-date', 400],
    [seal({ ...requestAt(NOW), fields: [] }), 'bad-date', 400],
    [replay, 'replayed', 400],
  ]

  const lengths = cases.map(([sealed, code, status]) => {
    const reception = gateway.receive(sealed.message, entropy, NOW)
    expect(reception).toMatchObject({ type: 'answered', code })
    const message = reception.type === 'answered' ? reception.message : new Uint8Array(0)
    expect(must(decodeResponse(must(sealed.open(message)))).status).toBe(status)
    return message.length
  })

  expect(new Set(lengths)).toEqual(new Set([1024 + 32]))
})

test('what is wrong outside the seal is refused in clear, with the key problem only for an unknown key', () => {
  const { gateway, seal } = exchange()
  const { message } = seal(requestAt(NOW))
  const otherKey = new Uint8Array(message)
  otherKey[0] = 9

  expect(gateway.receive(otherKey, entropy, NOW)).toMatchObject({
    type: 'refused',
    status: 400,
    problem: expect.stringContaining('#ohttp-key'),
  })
  expect(gateway.receive(message.subarray(0, 20), entropy, NOW)).toEqual({ type: 'refused', status: 400, code: 'malformed' })
  expect(gateway.receive(message, entropy, NOW + 3_600_000)).toMatchObject({ type: 'refused', code: 'unknown-key' })
})

test('a full replay window refuses as not processed rather than forget', () => {
  const { gateway, seal } = exchange(sizedPrimitives, { ...obliviousGatewayDefaults, replayEntriesMax: 2 })
  const first = seal(requestAt(NOW))

  expect(gateway.receive(first.message, entropy, NOW).type).toBe('accepted')
  expect(gateway.receive(seal(requestAt(NOW)).message, entropy, NOW).type).toBe('accepted')
  expect(gateway.receive(seal(requestAt(NOW)).message, entropy, NOW)).toMatchObject({ code: 'replay-window-full' })
  expect(gateway.receive(first.message, entropy, NOW)).toMatchObject({ code: 'replayed' })
})

test('an answer too large for every class becomes an error of the usual length', () => {
  const { gateway, seal } = exchange(sizedPrimitives, { ...obliviousGatewayDefaults, responsePadding: { kind: 'fixed', size: 2048 } })
  const sealed = seal(requestAt(NOW))
  const reception = gateway.receive(sealed.message, entropy, NOW)
  const answer = reception.type === 'accepted' ? reception.respond(plainResponse(200, new Uint8Array(3000))) : new Uint8Array(0)

  expect(answer.length).toBe(2048 + 32)
  expect(must(decodeResponse(must(sealed.open(answer)))).status).toBe(500)
  expect(() => exchange(sizedPrimitives, { ...obliviousGatewayDefaults, responsePadding: { kind: 'fixed', size: 10 } })).toThrow(
    'padding class',
  )
})

test('random bytes are refused, never thrown at', () => {
  const { gateway } = exchange()

  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(gateway.receive(bytes, entropy, NOW).type).toBe('refused')
    }),
  )
})

test('sized and real cryptography lead to the same receptions and lengths', () => {
  const outcomes = [nodePrimitives(), sizedPrimitives].map((primitives) => {
    const { gateway, seal } = exchange(primitives)
    const first = seal(requestAt(NOW))
    const late = seal(requestAt(NOW - 100_000))
    return [first, first, late].map(({ message }) => summary(gateway.receive(message, entropy, NOW), message))
  })

  expect(outcomes[1]).toEqual(outcomes[0])
})

test('a retired key takes its replay memory along', () => {
  const window = new ReplayWindow({ entriesMax: 10, bucketWidth: 100 })
  const enc = new Uint8Array(32)

  expect(window.admit({ keyId: 1, enc }, 1000, 0)).toBe('fresh')
  expect(window.admit({ keyId: 2, enc }, 1000, 0)).toBe('fresh')
  expect(window.admit({ keyId: 1, enc }, 1000, 0)).toBe('replayed')
  window.forgetKey(1)
  expect(window.size(0)).toBe(1)
  expect(window.admit({ keyId: 1, enc }, 1000, 0)).toBe('fresh')
  expect(window.size(1099)).toBe(2)
  expect(window.size(1100)).toBe(0)
})

test('HTTP dates agree with the platform, and only real dates in the one form are read', () => {
  expect(formatHttpDate(784_111_777_000)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_799 }), (second) => {
      const text = new Date(second * 1000).toUTCString()
      expect(formatHttpDate(second * 1000)).toBe(text)
      expect(parseHttpDate(text)).toBe(second * 1000)
    }),
  )
  const wrong = [
    '',
    'now',
    'Sun, 31 Feb 2021 00:00:00 GMT',
    'Mon, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 nov 1994 08:49:37 GMT',
  ]
  for (const text of wrong) expect(parseHttpDate(text)).toBeUndefined()
})

function exchange(primitives: HpkePrimitives = nodePrimitives(), config: ObliviousGatewayConfig = obliviousGatewayDefaults) {
  const keyPair = primitives.keyPair(new Uint8Array(32).fill(5))
  const key = { keyId: 1, publicKey: keyPair.publicKey, aeads: [1] as const }
  const ring = new KeyRing()
  must(ring.add({ config: key, keyPair, publishedFrom: NOW, publishedUntil: NOW + 1_800_000, acceptedUntil: NOW + 3_600_000 }, NOW))
  const gateway = new ObliviousGateway(config, { primitives, ring })
  const sender = new ObliviousSender(primitives, key, { format: BHTTP_FORMAT, aead: 1 })
  let count = 0
  const seal = (request: HttpRequest) => {
    count += 1
    const secret = Uint8Array.from({ length: 32 }, (_, index) => (index < 4 ? (count >>> (8 * index)) & 0xff : 1))
    return must(sender.seal(encodeRequest(request), primitives.keyPair(secret)))
  }
  return { gateway, sender, seal, primitives }
}

function requestAt(date: number, more: readonly Field[] = []): HttpRequest {
  const fields: readonly Field[] = [['date', formatHttpDate(date)], ...more]
  return { method: 'POST', scheme: 'https', authority: 'gateway', path: '/v1/infer', fields, content: utf8ToBytes('{}'), trailers: [] }
}

const summary = (reception: Reception, message: Uint8Array) => [
  message.length,
  reception.type,
  reception.type === 'answered' ? [reception.code, reception.message.length] : [],
]
