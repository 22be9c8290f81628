import { type LeakReport, leaksOf, type ReceiptSighting } from '@infermesh/analysis'
import { promptTokensOf, referenceAnswer } from '@infermesh/peers'
import { answerHashOf, bodyHashOf, Directory, fromHex, type Genesis, openAs, type SealingContext } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { type NetworkRecord, phraseOf } from '@infermesh/scenario'

/** Prompts that the attacker has listed; more than any scenario draws from. */
const GUESSES = 2_000
/** What issuers pay for a token. */
const TOKEN_WORTH = 1_000

/** What observers learnt in a run. `records`: its whole trace. */
export function leaksOfRun(genesis: Genesis, records: readonly NetworkRecord[]): LeakReport {
  const directory = new Directory(genesis)
  // The settlers have checked the signatures, whichever cryptography the world has.
  const context: SealingContext = { networkId: genesis.networkId, crypto: { ...nodeCryptography, verify: () => true } }
  const encoder = new TextEncoder()
  return leaksOf(records, {
    read: (envelope) => receiptSighting(envelope, context),
    dictionary: {
      prompts: Array.from({ length: GUESSES }, (_, number) => phraseOf(number)),
      hash: (prompt) => bodyHashOf(nodeCryptography.hash, encoder.encode(prompt)),
      lengthOf: (prompt) => promptTokensOf(encoder.encode(prompt)),
      answerHash: (prompt, receipt) => guessedAnswer(encoder.encode(prompt), receipt),
    },
    peerIdOf: (name) => directory.named(name)?.peerId ?? name,
    tokenWorth: TOKEN_WORTH,
  })
}

/** What a receipt of the reference engine would hold, if this were the prompt: weights and seed stand in the receipt itself. */
function guessedAnswer(prompt: Uint8Array, { weightsRoot, seed, outputTokens }: ReceiptSighting): string {
  const { hash } = nodeCryptography
  const answer = referenceAnswer({ hash, weightsRoot: fromHex(weightsRoot), prompt, request: { seed } })
  return answerHashOf(hash, prompt, answer.tokens(0, outputTokens))
}

/** What a receipt says to everyone, with the two envelopes inside it. */
function receiptSighting(envelope: string, context: SealingContext): ReceiptSighting {
  const { payload, signer } = openAs('receipt', fromHex(envelope), context)
  const { requestId, model, bodyHash, promptTokens, from, to, amount, startedAt, endedAt, outputHash, seed, weightsRoot } = payload
  return {
    ...{ requestId, model, bodyHash, promptTokens, from, to, amount, startedAt, endedAt, outputHash, seed, weightsRoot },
    outputTokens: to - from,
    operator: signer,
    payer: openAs('request', payload.request, context).signer,
    gateway: openAs('dispatch', payload.dispatch, context).signer,
  }
}
