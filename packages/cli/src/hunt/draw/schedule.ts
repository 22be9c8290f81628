import type { Millis, Random } from '@infermesh/kernel'
import type { Scenario, ScenarioCommand, ScenarioFault } from '@infermesh/scenario'
import { scattered } from './faults.ts'
import { type Field, fieldOf, pick } from './field.ts'
import { longGone, themes } from './themes.ts'

/** What a hunt adds to a scenario: what goes wrong, and what owners want meanwhile. */
export interface Schedule {
  readonly faults: readonly ScenarioFault[]
  readonly commands: readonly ScenarioCommand[]
}

/**
 * A random schedule for a scenario's peers and links; the same for the same draws. Some are scattered faults alone, some a few peers that are
 * gone for long in an otherwise calm network, most have a few themes.
 */
export function drawSchedule(scenario: Scenario, random: Random): Schedule {
  const field = fieldOf(scenario, random)
  const faults = drawFaults(field, random).map(rounded)
  return { faults: faults.sort(byTime), commands: drawCommands(field, faults, random) }
}

function drawFaults(field: Field, random: Random): readonly ScenarioFault[] {
  const dice = random.below(8)
  if (dice < 2) return scattered(field, random)
  if (dice === 2) return longGone(field, instantIn(field, random), random)
  const themed = Array.from({ length: pick(THEMES, random) }, () => pick(themes, random)(field, instantIn(field, random), random))
  return [...themed.flat(), ...scattered(field, random).slice(0, random.below(3))]
}

/** How many, each as often as it stands here: what must come about in time is asked of calm networks only, what must never be breaks in busy ones. */
const THEMES: readonly number[] = [1, 1, 2, 3, 4, 5]

const strikes = (fault: ScenarioFault, peer: string): boolean =>
  ('peers' in fault && fault.peers.includes(peer)) || (fault.kind === 'partition' && fault.groups.some((group) => group.includes(peer)))

const instantIn = ({ from, until }: Field, random: Random): Millis => from + random.below(until - from)

const byTime = (left: { readonly at: Millis }, right: { readonly at: Millis }): number => left.at - right.at

const rounded = (fault: ScenarioFault): ScenarioFault => ({
  ...fault,
  at: Math.round(fault.at),
  ...(fault.until === undefined ? {} : { until: Math.round(fault.until) }),
})

/** Owners change their minds: rights are taken back and given again, and leases asked back; mostly once they are back and another serves. */
function drawCommands(field: Field, faults: readonly ScenarioFault[], random: Random): ScenarioCommand[] {
  if (field.privateModels.length === 0 || random.below(3) === 0) return []
  const commands = Array.from({ length: 1 + random.below(3) }, (): ScenarioCommand => {
    const { name: model, owner, standbys } = pick(field.privateModels, random)
    const returns = faults.flatMap((fault) =>
      strikes(fault, owner) && fault.until !== undefined && fault.until - fault.at > field.lease.ttl ? [fault.until] : [],
    )
    const at = returns.length > 0 && random.below(3) > 0 ? pick(returns, random) + random.below(2_000) : instantIn(field, random)
    if (standbys.length === 0 || random.below(4) === 0) return { at, peer: owner, name: 'handback', argument: JSON.stringify({ model }) }
    const { peer: standby, temperature } = pick(standbys, random)
    if (random.below(3) > 0) return { at, peer: owner, name: 'revoke', argument: JSON.stringify({ model, standby }) }
    return { at, peer: owner, name: 'delegate', argument: JSON.stringify({ model, standby, temperature }) }
  })
  return commands.sort(byTime)
}
