import { assertNever } from '@infermesh/kernel'
import { replaying, spam, sybils } from './flood-lies.ts'
import type { Trick, TrickParts } from './lie.ts'
import { delaying, doubling, overcharging, withholding } from './receipt-lies.ts'
import { censorship, doubleVoting } from './settler-lies.ts'
import { requestTampering, tampering } from './stream-lies.ts'
import { accusation, collusion, copying, lazyVerdicts, silence } from './verifier-lies.ts'

/** What happens elsewhere: in the answerer, or on the links. */
const nothing: Trick = { act: (effects) => effects }

export function trickOf(parts: TrickParts): Trick {
  const { kind } = parts.lie
  switch (kind) {
    case 'lazy-operator':
    case 'model-swap':
    case 'quantised-model':
    case 'eclipse':
      return nothing
    case 'tampering-operator':
    case 'tampering-gateway':
      return tampering(parts)
    case 'request-tampering':
      return requestTampering(parts)
    case 'replay':
      return replaying(parts)
    case 'double-receipt':
      return doubling(parts)
    case 'withheld-receipts':
      return withholding(parts)
    case 'delayed-receipts':
      return delaying(parts)
    case 'overcharging-operator':
      return overcharging(parts)
    case 'spam':
      return spam(parts)
    case 'sybils':
      return sybils(parts)
    case 'lazy-verifier':
      return lazyVerdicts(parts)
    case 'copying-verifier':
      return copying(parts)
    case 'colluding-verifier':
      return collusion(parts)
    case 'false-accuser':
      return accusation(parts)
    case 'silent-verifier':
      return silence(parts, ['verdictCommit', 'verdictReveal'])
    case 'withheld-reveals':
      return silence(parts, ['verdictReveal'])
    case 'censoring-settler':
      return censorship(parts)
    case 'equivocating-settler':
      return doubleVoting(parts)
    case 'silent-settler':
      return silence(parts, ['proposal', 'vote'])
    default:
      return assertNever(kind)
  }
}
