import { type LeakReport, leaksOf, type ReceiptSighting } from '@infermesh/analysis'
import { bodyHashOf, Directory, fromHex, type Genesis, openAs, type SealingContext } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { type NetworkRecord, phraseOf } from '@infermesh/scenario'

/** Prompts that the attacker has listed; more than any scenario draws from. */
const GUESSES = 2_000
/** What issuers pay for a token. */
const TOKEN_WORTH = 1_000

/** What observers learnt in a run. `records`: its whole trace. */
export function leaksOfRun(genesis: Genesis, records: readonly NetworkRecord[]): LeakReport {
  const directory = new Directory(genesis)
  const context: SealingContext = { networkId: genesis.networkId, crypto: nodeCryptography }
  const encoder = new TextEncoder()
  return leaksOf(records, {
    read: (envelope) => receiptSighting(envelope, context),
    dictionary: {
      prompts: Array.from({ length: GUESSES }, (_, number) => phraseOf(number)),
      hash: (prompt) => bodyHashOf(nodeCryptography.hash, encoder.encode(prompt)),
    },
    peerIdOf: (name) => directory.named(name)?.peerId ?? name,
    tokenWorth: TOKEN_WORTH,
  })
}

/** What a receipt says to everyone, with the two envelopes inside it. */
function receiptSighting(envelope: string, context: SealingContext): ReceiptSighting {
  const { payload, signer } = openAs('receipt', fromHex(envelope), context)
  const { requestId, model, bodyHash, promptTokens, from, to, amount, startedAt, endedAt } = payload
  return {
    ...{ requestId, model, bodyHash, promptTokens, from, to, amount, startedAt, endedAt },
    operator: signer,
    payer: openAs('request', payload.request, context).signer,
    gateway: openAs('dispatch', payload.dispatch, context).signer,
  }
}
