import type { LeaksOptions, ReceiptSighting } from '@infermesh/analysis'
import { promptTokensOf, referenceAnswer } from '@infermesh/peers'
import { answerHashOf, bodyHashOf, Directory, fromHex, type Genesis } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { phraseOf } from '@infermesh/scenario'

/** Prompts that the attacker has listed; more than any scenario draws from. */
const GUESSES = 2_000
/** What issuers pay for a token. */
const TOKEN_WORTH = 1_000

/** What attackers bring with them to a run: a list of prompts, and the network's public names and prices. */
export function leakOptions(genesis: Genesis): Omit<LeaksOptions, 'read'> {
  const directory = new Directory(genesis)
  const encoder = new TextEncoder()
  return {
    dictionary: {
      prompts: Array.from({ length: GUESSES }, (_, number) => phraseOf(number)),
      hash: (prompt) => bodyHashOf(nodeCryptography.hash, encoder.encode(prompt)),
      lengthOf: (prompt) => promptTokensOf(encoder.encode(prompt)),
      answerHash: (prompt, receipt) => guessedAnswer(encoder.encode(prompt), receipt),
    },
    peerIdOf: (name) => directory.named(name)?.peerId ?? name,
    tokenWorth: TOKEN_WORTH,
  }
}

/** What a receipt of the reference engine would hold, if this were the prompt: weights and seed stand in the receipt itself. */
function guessedAnswer(prompt: Uint8Array, { weightsRoot, seed, outputTokens }: ReceiptSighting): string {
  const { hash } = nodeCryptography
  const answer = referenceAnswer({ hash, weightsRoot: fromHex(weightsRoot), prompt, request: { seed } })
  return answerHashOf(hash, prompt, answer.tokens(0, outputTokens))
}
