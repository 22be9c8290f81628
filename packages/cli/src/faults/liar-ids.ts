import { liarsOf, type Scenario } from '@infermesh/scenario'
import type { NetworkPlan } from '../network/network-plan.ts'

/** Peer ids of the peers that a scenario makes lie. */
export function liarIds(scenario: Scenario, plan: NetworkPlan): ReadonlySet<string> {
  const names = liarsOf(scenario)
  return new Set(plan.genesis.members.filter(({ name }) => names.has(name)).map(({ peerId }) => peerId))
}
