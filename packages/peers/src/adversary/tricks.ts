import { replaying, spam, sybils } from './flood-lies.ts'
import type { Trick, TrickParts } from './lie.ts'
import type { LieKind } from './lie-kinds.ts'
import { delaying, doubling, overcharging, withholding } from './receipt-lies.ts'
import { carryingTwice, depositingTwice, keySwapping } from './sealed-lies.ts'
import { censorship, doubleVoting } from './settler-lies.ts'
import { requestTampering, tampering } from './stream-lies.ts'
import { accusation, collusion, copying, lazyVerdicts, silence } from './verifier-lies.ts'

/** What happens elsewhere: in the answerer, or on the links. */
const nothing: Trick = { act: (effects) => effects }

const tricks: Readonly<Record<LieKind, (parts: TrickParts) => Trick>> = {
  'lazy-operator': () => nothing,
  'model-swap': () => nothing,
  'quantised-model': () => nothing,
  eclipse: () => nothing,
  'tampering-operator': tampering,
  'tampering-gateway': tampering,
  'request-tampering': requestTampering,
  replay: replaying,
  'double-receipt': doubling,
  'withheld-receipts': withholding,
  'delayed-receipts': delaying,
  'overcharging-operator': overcharging,
  spam,
  sybils,
  'lazy-verifier': lazyVerdicts,
  'copying-verifier': copying,
  'colluding-verifier': collusion,
  'false-accuser': accusation,
  'silent-verifier': (parts) => silence(parts, ['verdictCommit', 'verdictReveal']),
  'withheld-reveals': (parts) => silence(parts, ['verdictReveal']),
  'censoring-settler': censorship,
  'equivocating-settler': doubleVoting,
  'silent-settler': (parts) => silence(parts, ['proposal', 'vote']),
  'replaying-relay': carryingTwice,
  'key-swapping-relay': keySwapping,
  'double-depositing-gateway': depositingTwice,
}

export const trickOf = (parts: TrickParts): Trick => tricks[parts.lie.kind](parts)
