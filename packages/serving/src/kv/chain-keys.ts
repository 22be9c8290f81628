/** Who may share blocks: equal namespaces give equal keys. By default the tenant is part of it, because a shared prefix leaks by timing. */
export interface KeyNamespace {
  readonly model: string
  /** Secret of the tenant, or a public constant for prompts that everyone may share. */
  readonly salt: string
}

/**
 * One key for each full block of a prompt: the key of block i covers all tokens up to its end. Whole numbers below 2^52.
 * Two prompts meet by chance once in 2^52 pairs; the salt keeps strangers from searching for such a pair.
 */
export function chainKeys(namespace: KeyNamespace, tokens: ArrayLike<number>, blockTokens: number): Float64Array {
  const keys = new Float64Array(Math.floor(tokens.length / blockTokens))
  const state = { high: 0x811c9dc5, low: 0x9747b28c }
  for (const letter of `${namespace.model}\0${namespace.salt}`) absorb(state, letter.codePointAt(0) ?? 0)
  for (let block = 0; block < keys.length; block++) {
    for (let index = block * blockTokens; index < (block + 1) * blockTokens; index++) absorb(state, tokens[index] as number)
    absorb(state, blockTokens)
    keys[block] = (finished(state.high, state.low) & 0xfffff) * 0x100000000 + finished(state.low, state.high)
  }
  return keys
}

/** Two multiply-rotate lanes that feed each other. */
function absorb(state: { high: number; low: number }, word: number): void {
  const high = Math.imul(state.high ^ word, 0xcc9e2d51)
  const low = Math.imul(state.low + word, 0x1b873593)
  state.high = ((high << 15) | (high >>> 17)) + state.low
  state.low = ((low << 13) | (low >>> 19)) ^ state.high
}

function finished(word: number, other: number): number {
  let mixed = word ^ Math.imul(other, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
