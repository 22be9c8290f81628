import { effectCases } from './cases/effect-cases.ts'
import { gossipCases } from './cases/gossip-cases.ts'
import { streamCases } from './cases/stream-cases.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** What every world promises to its machines, promise by promise. */
export const conformanceCases: readonly ConformanceCase[] = [...effectCases, ...streamCases, ...gossipCases]
