import type { LieKind } from '@infermesh/peers'
import type { Scenario } from './resolve.ts'

/** Names of the peers that a scenario makes lie, or of those that tell one of the given lies. */
export const liarsOf = (scenario: Pick<Scenario, 'faults'>, lies?: readonly LieKind[]): ReadonlySet<string> =>
  new Set(scenario.faults.flatMap((fault) => (fault.kind === 'lie' && (lies === undefined || lies.includes(fault.lie)) ? fault.peers : [])))
