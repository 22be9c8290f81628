import type { PeerId } from '@infermesh/kernel'
import type { SessionTurn } from '@infermesh/protocol'
import { chainKeys, type PrefixKeys } from '@infermesh/serving'

export interface KeyedPrompt {
  readonly model: string
  readonly client: PeerId
  readonly prompt: Uint8Array
  readonly session: SessionTurn | undefined
}

/**
 * Names of a prompt's blocks. Whole blocks within the session's public tokens are named alike for everyone; all others with the client
 * as salt, so that nobody finds out by timing what another client has asked. Operators and gateways must agree on these names.
 */
export function promptKeys({ model, client, prompt, session }: KeyedPrompt, blockTokens: number): PrefixKeys {
  const tokens = wordsOf(prompt)
  const own = chainKeys({ model, salt: client }, tokens, blockTokens)
  const shared = Math.min(own.length, Math.floor((session?.publicTokens ?? 0) / blockTokens))
  if (shared > 0) own.set(chainKeys({ model, salt: PUBLIC_SALT }, tokens.subarray(0, shared * blockTokens), blockTokens))
  return { blockTokens, keys: own }
}

/** A token is four bytes. The last, partial one fills no block that matters: at least one token is always computed. */
function wordsOf(prompt: Uint8Array): Int32Array {
  const words = new Int32Array(Math.floor(prompt.length / BYTES_PER_TOKEN))
  for (let index = 0, at = 0; index < words.length; index++, at += BYTES_PER_TOKEN) {
    const low = (prompt[at] ?? 0) | ((prompt[at + 1] ?? 0) << 8)
    words[index] = low | ((prompt[at + 2] ?? 0) << 16) | ((prompt[at + 3] ?? 0) << 24)
  }
  return words
}

const BYTES_PER_TOKEN = 4
const PUBLIC_SALT = ''
