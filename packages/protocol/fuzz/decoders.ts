import { type Random, randomFrom } from '@infermesh/kernel'
import {
  DecodeFailed,
  decodeMessage,
  encodeMessage,
  type Message,
  openEnvelope,
  Signer,
  type StatementType,
  statements,
  streams,
} from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography, seedOf } from '@infermesh/protocol/node'

/** Throws hostile bytes at every decoder: none may crash, hang or find a second spelling. Arguments: how many inputs, seed. */
const inputs = Number(process.argv[2] ?? 1_000_000)
const seed = process.argv[3] ?? String(Date.now())
const SLOW_MS = 250

// The signature is not what is tested here, and a forged one would hide everything behind it.
const context = { networkId: 'fuzz', crypto: { ...nodeCryptography, verify: () => true } }
const signer = new Signer(identityFromSeed(seedOf('fuzz', 'signer')), { networkId: 'fuzz', crypto: nodeCryptography })
const random = randomFrom(seed)
const messages = Object.values(streams).flatMap((stream) => Object.entries(stream))
const types = Object.keys(statements) as StatementType[]

console.log(`fuzzing with seed ${seed}`)
const corpus = {
  message: messages.map(([type, schema]) => encodeMessage({ type, ...schema.sample(random) } as Message)),
  envelope: types.map((type) => signer.sign(type, statements[type].sample(random) as never, 1).bytes),
}
let refused = 0
for (let round = 0; round < inputs; round++) {
  const kind = round % 2 === 0 ? 'message' : 'envelope'
  const bytes = hostile(corpus[kind], random)
  const started = performance.now()
  try {
    if (kind === 'message') expectOneSpelling(bytes)
    else openEnvelope(bytes, context)
  } catch (error) {
    if (!(error instanceof DecodeFailed)) fail(kind, bytes, error)
    refused++
  }
  if (performance.now() - started > SLOW_MS) fail(kind, bytes, new Error(`took longer than ${SLOW_MS} ms`))
}
console.log(`${inputs} inputs: ${refused} refused, ${inputs - refused} decoded, none crashed or hung`)

function expectOneSpelling(bytes: Uint8Array): void {
  const again = encodeMessage(decodeMessage(bytes))
  if (Buffer.compare(again, bytes) !== 0) throw new Error('the message has a second spelling')
}

/** A known good input with a few bytes changed, cut, doubled or swapped with another's; now and then plain noise. */
function hostile(good: readonly Uint8Array[], draw: Random): Uint8Array {
  const pick = (): Uint8Array => good[draw.below(good.length)] ?? new Uint8Array()
  let bytes = Uint8Array.from(pick())
  if (draw.below(20) === 0) return Uint8Array.from({ length: draw.below(200) }, () => draw.below(256))
  for (let change = draw.below(4); change >= 0; change--) bytes = changed(bytes, pick, draw)
  return bytes
}

function changed(bytes: Uint8Array<ArrayBuffer>, pick: () => Uint8Array, draw: Random): Uint8Array<ArrayBuffer> {
  const at = draw.below(bytes.length + 1)
  switch (draw.below(5)) {
    case 0:
      return bytes.slice(0, at)
    case 1:
      return Uint8Array.from([...bytes.subarray(0, at), draw.below(256), ...bytes.subarray(at)])
    case 2:
      return Uint8Array.from([...bytes.subarray(0, at), ...pick().subarray(draw.below(40))])
    case 3:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - draw.below(30)))])
    default: {
      const copy = Uint8Array.from(bytes)
      if (at < copy.length) copy[at] = draw.below(256)
      return copy
    }
  }
}

function fail(kind: string, bytes: Uint8Array, error: unknown): never {
  console.error(`${kind} ${Buffer.from(bytes).toString('hex')} (seed ${seed})`)
  console.error(error)
  process.exit(1)
}
