import {
  AEAD,
  BHTTP_FORMAT,
  type HpkePrimitives,
  KeyRing,
  must,
  ObliviousReceiver,
  ObliviousSender,
  type PaddingPolicy,
  paddedLength,
  portablePrimitives,
  ReplayWindow,
  type SealingAead,
  sizedPrimitives,
} from '@infermesh/protocol/oblivious'
import { SpentSet } from '@infermesh/protocol/tokens'
import { entropyBits } from '../attacks/metrics.ts'
import { exact, type Law, near, within } from '../laws/law.ts'
import { exponential, normal } from './draws.ts'

interface Sealed {
  readonly request: number
  readonly response: number
}

/** Bytes that one exchange adds to a request and to its answer, each of `length` bytes. */
function added(primitives: HpkePrimitives, aead: SealingAead, length: number): Sealed {
  const keyPair = primitives.keyPair(filled(32, 7))
  const config = { keyId: 1, publicKey: keyPair.publicKey, aeads: [aead] }
  const ring = new KeyRing()
  must(ring.add({ config, keyPair, publishedFrom: 0, publishedUntil: 1_000, acceptedUntil: 1_000 }, 0))
  const sealed = must(
    new ObliviousSender(primitives, config, { format: BHTTP_FORMAT, aead }).seal(filled(length, 1), primitives.keyPair(filled(32, 9))),
  )
  const { exchange } = must(new ObliviousReceiver(primitives, ring, BHTTP_FORMAT).open(sealed.message, 0))
  const answer = exchange.seal(filled(length, 2), filled(exchange.nonceLength, 3))
  return { request: sealed.message.length - length, response: answer.length - length }
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

const overhead = (name: string, aead: SealingAead, expected: Sealed): readonly Law[] =>
  (['request', 'response'] as const).map((side) => ({
    name: `privacy.overhead.${name}.${side}`,
    source: 'RFC 9458 §4: header 7, encapsulated key 32, tag 16; answer: nonce and tag',
    run: (random) => exact(expected[side], added(portablePrimitives, aead, random.below(4_096))[side]),
  }))

/** Traffic must not depend on the arithmetic: of so many exchanges, how many are of one length under both. */
export const equalLengths = (stub: HpkePrimitives = sizedPrimitives): Law => ({
  name: 'privacy.overhead.sized-as-real',
  source: '`sized` cryptography has the lengths of the real one',
  run: (random) => {
    const cases = Array.from({ length: 60 }, (_, index) => ({
      aead: AEADS[index % AEADS.length] ?? AEAD.aes128Gcm,
      length: random.below(2_000),
    }))
    const equal = cases.filter(({ aead, length }) => {
      const [real, sized] = [added(portablePrimitives, aead, length), added(stub, aead, length)]
      return real.request === sized.request && real.response === sized.response
    })
    return exact(cases.length, equal.length)
  },
})

/** What padding leaves to see of lengths: the entropy of the class. */
export const paddingEntropy = (name: string, bits: number, policy: PaddingPolicy): Law => ({
  name: `privacy.padding.${name}`,
  source: 'H(size class) of lognormal sizes, median 900 bytes, σ = 1',
  run: (random) => {
    const counts = new Map<number, number>()
    for (let draw = 0; draw < 400_000; draw++) {
      const length = paddedLength(policy, Math.max(1, Math.round(900 * Math.exp(normal(random))))) ?? 0
      counts.set(length, (counts.get(length) ?? 0) + 1)
    }
    return within(bits, entropyBits([...counts.values()]), [bits - 0.05, bits + 0.05])
  },
})

const padmeMost: Law = {
  name: 'privacy.padding.padme-most',
  source: 'Padmé adds at most 11.627907 %, to 129 bytes (Nikitin et al. 2019, recomputed)',
  run: () => {
    let most = 0
    for (let length = 1; length <= 65_536; length++) most = Math.max(most, (paddedLength({ kind: 'padme' }, length) ?? 0) / length - 1)
    return exact((100 * 15) / 129, 100 * most)
  },
}

/** A relay sends each of some requests several times over. */
export const replays = (copies: number, window = 60_000): Law => ({
  name: `privacy.replay.copies-${copies}`,
  source: 'of k copies of a sealed request one is served (RFC 9458 §6.5)',
  run: (random) => {
    const seen = new ReplayWindow({ entriesMax: 10_000, bucketWidth: window / 16 })
    let served = 0
    for (let request = 0; request < 200; request++) {
      const enc = Uint8Array.from({ length: 32 }, () => random.below(256))
      for (let copy = 0; copy < copies; copy++) if (seen.admit({ keyId: 1, enc }, window, random.below(1_000)) === 'fresh') served++
    }
    return exact(1, served / 200)
  },
})

/** What remembering costs a gateway: as many entries as come in one window. */
export const replayState = (perSecond: number, forgets: (window: ReplayWindow, now: number) => number = sizeOf): Law => ({
  name: `privacy.replay.state-${perSecond}`,
  source: 'λ·W requests are remembered; buckets of W/16 add half of one',
  run: (random) => {
    const [window, width] = [60_000, 60_000 / 16]
    const seen = new ReplayWindow({ entriesMax: 1_000_000, bucketWidth: width })
    let now = 0
    const sizes: number[] = []
    while (now < 5 * window) {
      now += exponential(random, perSecond / 1_000)
      seen.admit({ keyId: 1, enc: Uint8Array.from({ length: 8 }, () => random.below(256)) }, now + window, now)
      if (now > 2 * window) sizes.push(forgets(seen, now))
    }
    const expected = (perSecond * (window + width / 2)) / 1_000
    return near(expected, sizes.reduce((sum, size) => sum + size, 0) / sizes.length, 0.03)
  },
})

const sizeOf = (window: ReplayWindow, now: number): number => window.size(now)

/** One token, shown at every gateway before any of them has told the others: each is fooled once, and a common store never. */
export const doubleSpend = (gateways: number, stores = gateways): Law => ({
  name: `privacy.double-spend.${gateways}-gateways${stores === 1 ? '.joint' : ''}`,
  source: stores === 1 ? 'one joint set of spent tokens: 1 use' : 'G sets that tell each other too late: G uses',
  run: () => {
    const sets = Array.from({ length: stores }, () => new SpentSet({ entriesMax: 10 }))
    const token = { id: 'a', epoch: 0 }
    let uses = 0
    for (let showing = 0; showing < 3 * gateways; showing++) {
      const set = sets[showing % stores]
      const holder = `r${showing}`
      if (set?.lock(token, holder, 1_000, showing) === 'locked' && set.consume(token, holder)) uses++
    }
    return exact(stores, uses)
  },
})

const AEADS: readonly SealingAead[] = [AEAD.aes128Gcm, AEAD.aes256Gcm, AEAD.chaCha20Poly1305]
/** Entropy of the sizes themselves: log2 of median · σ · √(2πe). */
const UNPADDED = Math.log2(900 * Math.sqrt(2 * Math.PI * Math.E))

export const sealingLaws: readonly Law[] = [
  ...overhead('aes-128', AEAD.aes128Gcm, { request: 55, response: 32 }),
  ...overhead('aes-256', AEAD.aes256Gcm, { request: 55, response: 48 }),
  ...overhead('chacha', AEAD.chaCha20Poly1305, { request: 55, response: 48 }),
  equalLengths(),
  padmeMost,
  paddingEntropy('none', UNPADDED, { kind: 'none' }),
  paddingEntropy('multiple-64', 5.85, { kind: 'multiple', of: 64 }),
  paddingEntropy('padme', 6.44, { kind: 'padme' }),
  paddingEntropy('multiple-514', 2.91, { kind: 'multiple', of: 514 }),
  paddingEntropy('power-of-two', 2.6, { kind: 'powerOfTwo' }),
  paddingEntropy('multiple-4096', 0.41, { kind: 'multiple', of: 4_096 }),
  paddingEntropy('multiple-16384', 0.02, { kind: 'multiple', of: 16_384 }),
  replays(1),
  replays(5),
  replayState(100),
  doubleSpend(4),
  doubleSpend(4, 1),
]
