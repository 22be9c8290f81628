import { randomFrom } from '@infermesh/kernel'
import { decodeQuestion, encodeQuestion, FrameReader, framed } from '@infermesh/protocol'
import {
  BhttpDecoder,
  CHUNKED_INFER_FORMAT,
  decodeHttpRequest,
  decodeKeyConfigs,
  decodeSlot,
  encodeHttpRequest,
  encodeKeyConfigs,
  encodeSlot,
  KeyRing,
  must,
  ObliviousReceiver,
  ObliviousSender,
} from '@infermesh/protocol/oblivious'
import { nodePrimitives } from '@infermesh/protocol/oblivious/node'
import {
  decodeRsaKey,
  decodeToken,
  decodeTokenChallenge,
  decodeTokenRequest,
  encodeRsaKey,
  encodeTokenChallenge,
  TOKEN_TYPE,
} from '@infermesh/protocol/tokens'

/** Hostile bytes at everything that reads a sealed exchange: none may throw, hang, or open what was changed. Arguments: how many, seed. */
const inputs = Number(process.argv[2] ?? 1_000_000)
const seed = process.argv[3] ?? String(Date.now())
const SLOW_MS = 250
const random = randomFrom(seed)
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256))

const primitives = nodePrimitives()
const keyPair = primitives.keyPair(bytesOf(32))
const config = { keyId: 7, publicKey: keyPair.publicKey, aeads: [1] as const }
const ring = new KeyRing()
must(ring.add({ config, keyPair, publishedFrom: 0, publishedUntil: 1e12, acceptedUntil: 1e12 }, 0))
const receiver = new ObliviousReceiver(primitives, ring, CHUNKED_INFER_FORMAT)
const sender = new ObliviousSender(primitives, config, { format: CHUNKED_INFER_FORMAT, aead: 1 })

const question = encodeQuestion({
  ...{
    kind: 'ask',
    nonce: '00'.repeat(16),
    date: 5,
    model: 'a/b@1.0',
    prompt: bytesOf(40),
    maxTokens: 9,
    seed: 1,
    maxCharge: 9,
    deadline: 99,
  },
  payment: [bytesOf(354)],
})
const { prefix, chunks, response } = must(sender.start(primitives.keyPair(bytesOf(32))))
const sealed = Uint8Array.from([...prefix, ...chunks.push(question), ...chunks.finish()])
const opener = receiver.start(0)
must(opener.push(sealed))
must(opener.end())
const answering = opener.exchange()?.start(bytesOf(16))
const answer = Uint8Array.from([
  ...(answering?.prefix ?? []),
  ...(answering?.chunks.push(encodeSlot(framed(bytesOf(20)), 64)) ?? []),
  ...(answering?.chunks.finish() ?? []),
])
const http = encodeHttpRequest({
  ...{ method: 'POST', scheme: 'https', authority: 'g', path: '/v1', fields: [['date', 'x']], content: bytesOf(30) },
  trailers: [],
})

const challenge = encodeTokenChallenge({
  type: TOKEN_TYPE.publiclyVerifiable,
  issuer: 'issuer-0',
  context: bytesOf(32),
  origins: 'gateway-0',
})
const issuerKey = encodeRsaKey({ n: (1n << 2047n) | 12_345n, e: 65_537n })

/** Each says whether it read the bytes. */
const readers: readonly { readonly name: string; readonly good: Uint8Array; readonly read: (bytes: Uint8Array) => boolean }[] = [
  { name: 'sealed request', good: sealed, read: opensRequest },
  { name: 'question', good: question, read: (bytes) => decodeQuestion(bytes).ok },
  { name: 'frames', good: framed(bytesOf(30)), read: (bytes) => new FrameReader(1 << 20).push(bytes).ok },
  { name: 'slot', good: encodeSlot(bytesOf(9), 32), read: (bytes) => decodeSlot(bytes).ok },
  { name: 'keys', good: encodeKeyConfigs([config]), read: (bytes) => decodeKeyConfigs(bytes).ok },
  { name: 'token', good: bytesOf(354), read: (bytes) => decodeToken(bytes).ok },
  { name: 'token challenge', good: challenge, read: (bytes) => decodeTokenChallenge(bytes).ok },
  { name: 'issuer key', good: issuerKey, read: (bytes) => decodeRsaKey(bytes).ok },
  { name: 'token request', good: bytesOf(259), read: (bytes) => decodeTokenRequest(bytes).ok },
  { name: 'binary HTTP', good: http, read: (bytes) => decodeHttpRequest(bytes).ok && new BhttpDecoder().push(bytes).ok },
]

console.log(`fuzzing sealed exchanges with seed ${seed}`)
if (!opensAnswer(answer)) fail('answer', answer, new Error('an answer as it was sent does not open'))
let read = 0
for (let round = 0; round < inputs; round++) {
  const reader = readers[round % readers.length]
  if (reader === undefined) break
  const bytes = hostile(reader.good)
  const started = performance.now()
  try {
    if (reader.read(bytes)) read++
  } catch (error) {
    fail(reader.name, bytes, error)
  }
  if (performance.now() - started > SLOW_MS) fail(reader.name, bytes, new Error(`took longer than ${SLOW_MS} ms`))
}
console.log(`${inputs} inputs: ${inputs - read} refused, ${read} read, none threw, hung, or opened changed`)

/** Whatever opens must be what was sealed. */
function opensRequest(bytes: Uint8Array): boolean {
  const again = receiver.start(0)
  const opened = again.push(bytes)
  const end = opened.ok ? again.end() : opened
  if (!opened.ok || !end.ok) return false
  if (Buffer.compare(bytes, sealed) !== 0) throw new Error('changed bytes opened')
  return true
}

function opensAnswer(bytes: Uint8Array): boolean {
  const opened = response.push(bytes)
  return opened.ok && response.end().ok
}

/** Good bytes with some changed, cut, doubled, moved or put in; now and then noise. */
function hostile(good: Uint8Array): Uint8Array {
  if (random.below(20) === 0) return bytesOf(random.below(200))
  let bytes = Uint8Array.from(good)
  for (let change = random.below(3); change >= 0; change--) bytes = changed(bytes)
  return bytes
}

function changed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1)
  switch (random.below(5)) {
    case 0:
      return bytes.slice(0, at)
    case 1:
      return Uint8Array.from([...bytes.subarray(0, at), random.below(256), ...bytes.subarray(at)])
    case 2:
      return Uint8Array.from([...bytes.subarray(at), ...bytes.subarray(0, at)])
    case 3:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - random.below(30)))])
    default: {
      const copy = Uint8Array.from(bytes)
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
      return copy
    }
  }
}

function fail(kind: string, bytes: Uint8Array, error: unknown): never {
  console.error(`${kind} ${Buffer.from(bytes).toString('hex')} (seed ${seed})`)
  console.error(error)
  process.exit(1)
}
