import { performance } from 'node:perf_hooks'
import { encodeRequest } from '../src/oblivious/bhttp/encoder.ts'
import { decodeRequest } from '../src/oblivious/bhttp/whole.ts'
import { EMPTY } from '../src/oblivious/bytes.ts'
import { BHTTP_FORMAT } from '../src/oblivious/format.ts'
import { hpkeTerms, setupRecipient, setupSender } from '../src/oblivious/hpke.ts'
import { KeyRing } from '../src/oblivious/key-ring.ts'
import { keyPool, nodePrimitives } from '../src/oblivious/node/primitives.ts'
import { portablePrimitives } from '../src/oblivious/portable-primitives.ts'
import { AEAD, type HpkePrimitives, type KeyPair } from '../src/oblivious/primitives.ts'
import { ObliviousReceiver } from '../src/oblivious/receiver.ts'
import { must } from '../src/oblivious/result.ts'
import { ObliviousSender } from '../src/oblivious/sender.ts'
import { sizedPrimitives } from '../src/oblivious/sized-primitives.ts'

/**
 * Sealed and opened requests a second through the oblivious layer (binary HTTP in, binary HTTP out) over the bare HPKE rate: set-up,
 * seal, set-up, open, of the same content, back end and key pool. The two take turns, so that a busy machine slows both.
 */
const ROUNDS = 61
const WARM_UP = 10
const CONTENT = new Uint8Array(512).fill(7)

/** Of the bare HPKE rate, for the back ends that have HPKE: stand-ins only keep its lengths. */
const BAR = 0.8

interface Rates {
  readonly backEnd: string
  readonly hpke: number
  readonly oblivious: number
  readonly ratio: number
}

const judged = [measure(nodePrimitives(), 60), measure(portablePrimitives, 2)]
const results = [...judged, measure(sizedPrimitives, 500)]
if (process.argv.includes('--json')) console.log(JSON.stringify({ benchmark: 'oblivious', target: BAR, results }))
else for (const rates of results) console.log(line(rates))
process.exitCode = judged.every(({ ratio }) => ratio >= BAR) ? 0 : 1

function line({ backEnd, hpke, oblivious, ratio }: Rates): string {
  const bar = backEnd === sizedPrimitives.name ? 'no bar: stand-ins' : `bar ${BAR.toFixed(2)}`
  const rates = `bare HPKE ${hpke.toFixed(0).padStart(7)}/s   oblivious ${oblivious.toFixed(0).padStart(7)}/s`
  return `${backEnd.padEnd(9)} ${rates}   ratio ${ratio.toFixed(3)} (${bar})`
}

function measure(primitives: HpkePrimitives, count: number): Rates {
  const gateway = primitives.keyPair(new Uint8Array(32).fill(5))
  const bare = bareRequest(primitives, gateway)
  const oblivious = obliviousRequest(primitives, gateway)
  const pools = Array.from({ length: 2 * (ROUNDS + WARM_UP) }, (_, index) => pool(primitives, index, count))
  const rounds = Array.from({ length: ROUNDS + WARM_UP }, (_, round) => {
    const [left = [], right = []] = pools.slice(2 * round, 2 * round + 2)
    if (round % 2 === 0) return { bareMs: timeOf(bare, left), obliviousMs: timeOf(oblivious, right) }
    const obliviousMs = timeOf(oblivious, left)
    return { bareMs: timeOf(bare, right), obliviousMs }
  }).slice(WARM_UP)
  return {
    backEnd: primitives.name,
    hpke: (count * 1000) / median(rounds.map((round) => round.bareMs)),
    oblivious: (count * 1000) / median(rounds.map((round) => round.obliviousMs)),
    ratio: median(rounds.map((round) => round.bareMs / round.obliviousMs)),
  }
}

function timeOf(request: (ephemeral: KeyPair) => void, pairs: readonly KeyPair[]): number {
  const start = performance.now()
  for (const pair of pairs) request(pair)
  return performance.now() - start
}

function bareRequest(primitives: HpkePrimitives, gateway: KeyPair): (ephemeral: KeyPair) => void {
  const terms = hpkeTerms(primitives, { aead: AEAD.aes128Gcm, info: BHTTP_FORMAT.requestLabel })
  return (ephemeral) => {
    const sender = must(setupSender(primitives, terms, { recipient: gateway.publicKey, ephemeral }))
    const sealed = sender.seal(EMPTY, CONTENT)
    const recipient = must(
      setupRecipient(primitives, terms, {
        recipient: gateway,
        enc: new Uint8Array(sender.enc),
      }),
    )
    must(recipient.open(EMPTY, sealed))
  }
}

function obliviousRequest(primitives: HpkePrimitives, gateway: KeyPair): (ephemeral: KeyPair) => void {
  const config = { keyId: 1, publicKey: gateway.publicKey, aeads: [AEAD.aes128Gcm] }
  const ring = new KeyRing()
  must(ring.add({ config, keyPair: gateway, publishedFrom: 0, publishedUntil: 1, acceptedUntil: 1 }, 0))
  const sender = new ObliviousSender(primitives, config, { format: BHTTP_FORMAT, aead: AEAD.aes128Gcm })
  const receiver = new ObliviousReceiver(primitives, ring, BHTTP_FORMAT)
  const request = {
    method: 'POST',
    scheme: 'https',
    authority: 'gateway.example',
    path: '/v1/chat/completions',
    fields: [['content-type', 'application/json'] as const],
    content: CONTENT,
    trailers: [],
  }
  return (ephemeral) => {
    const sealed = must(sender.seal(encodeRequest(request), ephemeral))
    must(decodeRequest(must(receiver.open(sealed.message, 0)).request))
  }
}

function pool(primitives: HpkePrimitives, round: number, count: number): readonly KeyPair[] {
  const secrets = Array.from({ length: count }, (_, index) => {
    const secret = new Uint8Array(32)
    secret.set([index & 0xff, index >>> 8, round, 1])
    return secret
  })
  return keyPool(primitives, secrets)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}
