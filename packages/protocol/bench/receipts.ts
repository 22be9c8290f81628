import { randomFrom } from '@infermesh/kernel'
import { openEnvelope, Signer, statements } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography, seedOf } from '@infermesh/protocol/node'

/** Receipts opened and verified a second, over the bare Ed25519 verification of the same bytes, interleaved in one run. */
const BATCH = 500
const ROUNDS = 9
const BAR = 0.8
const identity = identityFromSeed(seedOf('bench', 'operator'))
const context = { networkId: 'bench', crypto: nodeCryptography }
const signer = new Signer(identity, context)
const random = randomFrom('bench')
const receipts = Array.from({ length: BATCH }, () =>
  signer.sign('receipt', { ...statements.receipt.sample(random), request: new Uint8Array(400), dispatch: new Uint8Array(400) }, 1),
)
const signed = receipts.map(({ bytes }) => ({ bytes, signature: nodeCryptography.sign(identity.privateKey, bytes) }))

/** A second of the thread's own time: the machine may have other work. */
function rate(work: () => void): number {
  const started = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(started)
  return (BATCH / (user + system)) * 1_000_000
}
const median = (values: readonly number[]): number => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0

const opened: number[] = []
const bare: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  opened.push(rate(() => receipts.forEach(({ bytes }) => void openEnvelope(bytes, context))))
  bare.push(rate(() => signed.forEach(({ bytes, signature }) => void nodeCryptography.verify(identity.publicKey, bytes, signature))))
}
const ratios = opened.map((value, round) => value / (bare[round] ?? 1))
console.log(
  `receipts verified: ${median(opened).toFixed(0)}/s, bare Ed25519: ${median(bare).toFixed(0)}/s, ratio ${median(ratios).toFixed(2)} (bar ${BAR.toFixed(2)})`,
)
process.exitCode = median(ratios) >= BAR ? 0 : 1
