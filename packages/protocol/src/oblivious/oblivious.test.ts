import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, EMPTY } from './bytes.ts'
import { BHTTP_FORMAT, CHUNKED_BHTTP_FORMAT, INFER_FORMAT, type ObliviousFormat } from './format.ts'
import { decodeKeyConfig } from './key-config.ts'
import { KeyRing } from './key-ring.ts'
import { nodePrimitives } from './node/primitives.ts'
import { vectorFile } from './node/vector-file.ts'
import { portablePrimitives } from './portable-primitives.ts'
import { AEAD, type HpkePrimitives, type SealingAead } from './primitives.ts'
import { ObliviousReceiver } from './receiver.ts'
import { must } from './result.ts'
import { ObliviousSender } from './sender.ts'
import { sizedPrimitives } from './sized-primitives.ts'

interface WholeVector {
  readonly skR: string
  readonly keyConfig: string
  readonly request: string
  readonly skE: string
  readonly encapsulatedRequest: string
  readonly response: string
  readonly responseNonce: string
  readonly encapsulatedResponse: string
}
interface ChunkedVector extends Omit<WholeVector, 'keyConfig'> {
  readonly requestChunks: readonly string[]
  readonly responseChunks: readonly string[]
}
const whole = vectorFile<WholeVector>('ohttp-rfc9458-appA.json')
const chunked = vectorFile<ChunkedVector>('chunked-ohttp-08-appA.json')
const fast = nodePrimitives()
const BACK_ENDS = [portablePrimitives, fast, sizedPrimitives]

for (const primitives of [portablePrimitives, fast]) {
  test.skipIf(!whole.vectors)(`matches RFC 9458 Appendix A on the ${primitives.name} back end (needs ${whole.path})`, () => {
    if (!whole.vectors) return
    const { skR, keyConfig, skE, request, encapsulatedRequest, response, responseNonce, encapsulatedResponse } = whole.vectors
    const config = must(decodeKeyConfig(hexToBytes(keyConfig)))
    if (!config) throw new Error('the config of the RFC must be usable')
    const receiver = receiverOf(primitives, { secret: hexToBytes(skR), keyId: config.keyId, aeads: config.aeads })
    const sender = new ObliviousSender(primitives, config, { format: BHTTP_FORMAT, aead: AEAD.aes128Gcm })

    const sealed = must(sender.seal(hexToBytes(request), primitives.keyPair(hexToBytes(skE))))
    const opened = must(receiver.open(sealed.message, 0))
    const answer = opened.exchange.seal(hexToBytes(response), hexToBytes(responseNonce))

    expect(bytesToHex(sealed.message)).toBe(encapsulatedRequest)
    expect(bytesToHex(opened.request)).toBe(request)
    expect(bytesToHex(answer)).toBe(encapsulatedResponse)
    expect(bytesToHex(must(sealed.open(answer)))).toBe(response)
  })

  test.skipIf(!chunked.vectors)(`matches the chunked draft's appendix on the ${primitives.name} back end (needs ${chunked.path})`, () => {
    if (!chunked.vectors) return
    const { skR, skE, requestChunks, encapsulatedRequest, responseNonce, responseChunks, encapsulatedResponse } = chunked.vectors
    const receiver = receiverOf(primitives, { secret: hexToBytes(skR), format: CHUNKED_BHTTP_FORMAT })
    const sender = senderOf(primitives, { secret: hexToBytes(skR), format: CHUNKED_BHTTP_FORMAT })

    const request = must(sender.start(primitives.keyPair(hexToBytes(skE))))
    const bytes = concat(request.prefix, ...chunksOf(request.chunks, requestChunks))
    const opener = receiver.start(0)
    const pieces = [...must(opener.push(bytes)), must(opener.end())]
    const answer = opener.exchange()?.start(hexToBytes(responseNonce))
    if (!answer) throw new Error('an opened request must be answerable')
    const answerBytes = concat(answer.prefix, ...chunksOf(answer.chunks, responseChunks))

    expect(bytesToHex(bytes)).toBe(encapsulatedRequest)
    expect(pieces.map(bytesToHex)).toEqual(requestChunks)
    expect(bytesToHex(answerBytes)).toBe(encapsulatedResponse)
    expect([...must(request.response.push(answerBytes)), must(request.response.end())].map(bytesToHex)).toEqual(responseChunks)
  })
}

test.each([
  [AEAD.aes128Gcm, 32],
  [AEAD.aes256Gcm, 48],
  [AEAD.chaCha20Poly1305, 48],
] as const)('AEAD %i adds 55 bytes to a request and %i to a response, on every back end', (aead, overhead) => {
  for (const primitives of BACK_ENDS) {
    const sealed = must(senderOf(primitives, { aead }).seal(new Uint8Array(500), pairFor(primitives, 9)))
    const opened = must(receiverOf(primitives, { aeads: [aead] }).open(sealed.message, 0))

    expect(sealed.message.length).toBe(555)
    expect(opened.exchange.seal(new Uint8Array(70), new Uint8Array(opened.exchange.nonceLength)).length).toBe(70 + overhead)
  }
})

test('the fast and the portable back end give the same bytes for the same inputs', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom<SealingAead>(1, 2, 3), fc.nat(255), (request, aead, seed) => {
      const [portable, node] = [portablePrimitives, fast].map((primitives) => {
        const sealed = must(senderOf(primitives, { aead }).seal(request, pairFor(primitives, seed)))
        const opened = must(receiverOf(primitives, { aeads: [aead] }).open(sealed.message, 0))
        return concat(sealed.message, opened.exchange.seal(request, new Uint8Array(opened.exchange.nonceLength).fill(seed)))
      })

      expect(node).toEqual(portable)
    }),
    { numRuns: 8 },
  )
})

test.each(BACK_ENDS)('any changed bit of a sealed request or response is refused on the $name back end', (primitives) => {
  const sealed = must(senderOf(primitives).seal(utf8ToBytes('a prompt'), pairFor(primitives, 3)))
  const receiver = receiverOf(primitives)
  const answer = must(receiver.open(sealed.message, 0)).exchange.seal(utf8ToBytes('an answer'), new Uint8Array(16))

  // X25519 ignores the top bit of a public key, but the key schedule does not.
  for (let bit = 0; bit < sealed.message.length * 8; bit += primitives === portablePrimitives ? 13 : 1) {
    expect(receiver.open(flipped(sealed.message, bit), 0).ok).toBe(false)
  }
  for (let bit = 0; bit < answer.length * 8; bit++) expect(sealed.open(flipped(answer, bit)).ok).toBe(false)
  for (let cut = 0; cut < answer.length; cut++) expect(sealed.open(answer.subarray(0, cut)).ok).toBe(false)
  for (let cut = 0; cut < sealed.message.length; cut++) expect(receiver.open(sealed.message.subarray(0, cut), 0).ok).toBe(false)
})

test('a wrong key, suite, key id or format each give their own code, before anything is opened', () => {
  const sealed = must(senderOf(fast).seal(utf8ToBytes('x'), pairFor(fast, 3))).message
  const otherSuite = must(senderOf(fast, { aead: AEAD.chaCha20Poly1305 }).seal(utf8ToBytes('x'), pairFor(fast, 3))).message

  expect(receiverOf(fast, { secret: new Uint8Array(32).fill(8) }).open(sealed, 0)).toMatchObject({ code: 'decrypt-failed' })
  expect(receiverOf(fast, { keyId: 2 }).open(sealed, 0)).toMatchObject({ code: 'unknown-key' })
  expect(receiverOf(fast).open(otherSuite, 0)).toMatchObject({ code: 'unknown-suite' })
  expect(receiverOf(fast).open(concat(Uint8Array.of(1, 0, 0x10), sealed.subarray(3)), 0)).toMatchObject({ code: 'unknown-suite' })
  expect(receiverOf(fast, { format: INFER_FORMAT }).open(sealed, 0)).toMatchObject({ code: 'decrypt-failed' })
  expect(receiverOf(fast, { format: CHUNKED_BHTTP_FORMAT }).open(sealed, 0)).toMatchObject({ code: 'decrypt-failed' })
  expect(receiverOf(fast).open(concat(sealed.subarray(0, 7), new Uint8Array(32), sealed.subarray(39)), 0)).toMatchObject({
    code: 'decrypt-failed',
  })
})

test('the answer to one request does not open another', () => {
  const sender = senderOf(fast)
  const first = must(sender.seal(utf8ToBytes('same'), pairFor(fast, 3)))
  const second = must(sender.seal(utf8ToBytes('same'), pairFor(fast, 4)))
  const answer = must(receiverOf(fast).open(first.message, 0)).exchange.seal(utf8ToBytes('one'), new Uint8Array(16))

  expect(second.open(answer)).toMatchObject({ ok: false, code: 'decrypt-failed' })
  expect(first.open(answer).ok).toBe(true)
})

test('a gateway key of low order is refused by the client', () => {
  const sender = new ObliviousSender(fast, { keyId: 1, publicKey: new Uint8Array(32), aeads: [1] }, { format: BHTTP_FORMAT, aead: 1 })

  expect(sender.seal(EMPTY, pairFor(fast, 1))).toMatchObject({ ok: false, code: 'bad-key' })
  expect(sender.start(pairFor(fast, 1))).toMatchObject({ ok: false, code: 'bad-key' })
})

interface Ends {
  readonly secret?: Uint8Array
  readonly keyId?: number
  readonly aeads?: readonly SealingAead[]
  readonly aead?: SealingAead
  readonly format?: ObliviousFormat
}

const DEFAULT_SECRET = new Uint8Array(32).fill(11)

function receiverOf(primitives: HpkePrimitives, ends: Ends = {}): ObliviousReceiver {
  const keyPair = primitives.keyPair(ends.secret ?? DEFAULT_SECRET)
  const config = { keyId: ends.keyId ?? 1, publicKey: keyPair.publicKey, aeads: ends.aeads ?? [AEAD.aes128Gcm] }
  const ring = new KeyRing()
  must(ring.add({ config, keyPair, publishedFrom: 0, publishedUntil: 1000, acceptedUntil: 2000 }, 0))
  return new ObliviousReceiver(primitives, ring, ends.format ?? BHTTP_FORMAT)
}

function senderOf(primitives: HpkePrimitives, ends: Ends = {}): ObliviousSender {
  const aead = ends.aead ?? AEAD.aes128Gcm
  const { publicKey } = primitives.keyPair(ends.secret ?? DEFAULT_SECRET)
  return new ObliviousSender(
    primitives,
    { keyId: ends.keyId ?? 1, publicKey, aeads: [aead] },
    { format: ends.format ?? BHTTP_FORMAT, aead },
  )
}

const pairFor = (primitives: HpkePrimitives, seed: number) => primitives.keyPair(new Uint8Array(32).fill(seed))

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = new Uint8Array(bytes)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

function chunksOf(chunks: { push(bytes: Uint8Array): Uint8Array; finish(bytes: Uint8Array): Uint8Array }, hex: readonly string[]) {
  return hex.map((chunk, index) => (index === hex.length - 1 ? chunks.finish(hexToBytes(chunk)) : chunks.push(hexToBytes(chunk))))
}
