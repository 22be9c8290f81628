import type { Random } from '@infermesh/kernel'
import { decodeQuestion, encodeQuestion, FrameReader, framed } from '@infermesh/protocol'
import {
  BHTTP_FORMAT,
  BhttpDecoder,
  CHUNKED_INFER_FORMAT,
  decodeHttpRequest,
  decodeHttpResponse,
  decodeKeyConfigs,
  decodeSlot,
  encodeHttpRequest,
  encodeHttpResponse,
  encodeKeyConfigs,
  encodeSlot,
  formatHttpDate,
  KeyRing,
  must,
  ObliviousReceiver,
  ObliviousSender,
  parseHttpDate,
  plainResponse,
} from '@infermesh/protocol/oblivious'
import { nodePrimitives } from '@infermesh/protocol/oblivious/node'
import { bytesFrom } from './hostile.ts'
import { onlyAsSealed, type Reader } from './reader.ts'

/** Everything that reads a sealed exchange: requests and answers, whole and in chunks, and what is inside them. */
export const sealedReaders = (random: Random): readonly Reader[] => [
  ...chunkedReaders(random),
  ...wholeReaders(random),
  ...insideReaders(random),
  ...httpReaders(random),
]

function ends(random: Random) {
  const primitives = nodePrimitives()
  const keyPair = primitives.keyPair(bytesFrom(random, 32))
  const config = { keyId: 7, publicKey: keyPair.publicKey, aeads: [1] as const }
  const ring = new KeyRing()
  must(ring.add({ config, keyPair, publishedFrom: 0, publishedUntil: 1e12, acceptedUntil: 1e12 }, 0))
  const secret = bytesFrom(random, 32)
  return { primitives, config, ring, ephemeral: () => primitives.keyPair(secret) }
}

function chunkedReaders(random: Random): readonly Reader[] {
  const { primitives, config, ring, ephemeral } = ends(random)
  const receiver = new ObliviousReceiver(primitives, ring, CHUNKED_INFER_FORMAT)
  const sender = new ObliviousSender(primitives, config, { format: CHUNKED_INFER_FORMAT, aead: 1 })
  const { prefix, chunks } = must(sender.start(ephemeral()))
  const request = Uint8Array.from([...prefix, ...chunks.push(questionOf(random)), ...chunks.finish()])
  const opener = receiver.start(0)
  must(opener.push(request))
  must(opener.end())
  const answering = opener.exchange()?.start(bytesFrom(random, 16))
  const answer = Uint8Array.from([
    ...(answering?.prefix ?? []),
    ...(answering?.chunks.push(encodeSlot(framed(bytesFrom(random, 20)), 64)) ?? []),
    ...(answering?.chunks.finish() ?? []),
  ])
  return [
    onlyAsSealed('sealed request in chunks', request, (bytes) => {
      const again = receiver.start(0)
      return again.push(bytes).ok && again.end().ok
    }),
    // An opener reads one answer, so each try has one of its own, of the same request.
    onlyAsSealed('sealed answer in chunks', answer, (bytes) => {
      const { response } = must(sender.start(ephemeral()))
      return response.push(bytes).ok && response.end().ok
    }),
  ]
}

function wholeReaders(random: Random): readonly Reader[] {
  const { primitives, config, ring, ephemeral } = ends(random)
  const receiver = new ObliviousReceiver(primitives, ring, BHTTP_FORMAT)
  const sealed = must(new ObliviousSender(primitives, config, { format: BHTTP_FORMAT, aead: 1 }).seal(bytesFrom(random, 60), ephemeral()))
  const answer = must(receiver.open(sealed.message, 0)).exchange.seal(bytesFrom(random, 60), bytesFrom(random, 16))
  return [
    onlyAsSealed('sealed request', sealed.message, (bytes) => receiver.open(bytes, 0).ok),
    onlyAsSealed('sealed answer', answer, (bytes) => sealed.open(bytes).ok),
    { name: 'keys', good: encodeKeyConfigs([config]), read: (bytes) => decodeKeyConfigs(bytes).ok },
  ]
}

const insideReaders = (random: Random): readonly Reader[] => [
  { name: 'question', good: questionOf(random), read: (bytes) => decodeQuestion(bytes).ok },
  { name: 'frames', good: framed(bytesFrom(random, 30)), read: (bytes) => new FrameReader(1 << 20).push(bytes).ok },
  { name: 'slot', good: encodeSlot(bytesFrom(random, 9), 32), read: (bytes) => decodeSlot(bytes).ok },
]

function httpReaders(random: Random): readonly Reader[] {
  const content = bytesFrom(random, 30)
  const request = {
    ...{ method: 'POST', scheme: 'https', authority: 'g', path: '/v1', fields: [['date', 'x'] as const] },
    ...{ content, trailers: [] },
  }
  const response = encodeHttpResponse(plainResponse(200, content, [['content-type', 'text/plain']]))
  const streamed = encodeHttpRequest(request, { framing: 'indeterminate' })
  return [
    { name: 'binary HTTP request', good: encodeHttpRequest(request), read: (bytes) => decodeHttpRequest(bytes).ok },
    { name: 'binary HTTP request of no known length', good: streamed, read: (bytes) => new BhttpDecoder().push(bytes).ok },
    { name: 'binary HTTP response', good: response, read: (bytes) => decodeHttpResponse(bytes).ok },
    { name: 'HTTP date', good: ascii(formatHttpDate(784_111_777_000)), read: (bytes) => hasOneSpelling(textOf(bytes)) },
  ]
}

function hasOneSpelling(text: string): boolean {
  const at = parseHttpDate(text)
  if (at === undefined) return false
  if (formatHttpDate(at) !== text) throw new Error('the date has a second spelling')
  return true
}

const questionOf = (random: Random): Uint8Array =>
  encodeQuestion({
    ...{ kind: 'ask', nonce: '00'.repeat(16), date: 5, model: 'a/b@1.0', prompt: bytesFrom(random, 40) },
    ...{ maxTokens: 9, seed: 1, maxCharge: 9, deadline: 99, payment: [bytesFrom(random, 354)] },
  })

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
