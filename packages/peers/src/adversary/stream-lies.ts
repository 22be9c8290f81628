import type { PeerEffect } from '@infermesh/protocol'
import type { Trick, TrickParts } from './lie.ts'

/** Changes one token of a message of tokens. */
export function tampering({ chance, told }: TrickParts): Trick {
  const changed = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'respond' || effect.message.type !== 'Tokens') return [effect]
    const { tokens } = effect.message
    const [first, ...rest] = tokens
    if (first === undefined || !chance()) return [effect]
    return [{ ...effect, message: { ...effect.message, tokens: [first ^ 1, ...rest] } }, told('a token')]
  }
  return { act: (effects) => effects.flatMap(changed) }
}

export function requestTampering({ chance, told }: TrickParts): Trick {
  const changed = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'request' || effect.message.type !== 'Execute' || effect.message.prompt.length === 0 || !chance()) return [effect]
    const prompt = effect.message.prompt.slice()
    prompt[0] = (prompt[0] ?? 0) ^ 1
    return [{ ...effect, message: { ...effect.message, prompt } }, told('a prompt')]
  }
  return { act: (effects) => effects.flatMap(changed) }
}
