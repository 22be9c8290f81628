import type { Millis, Random } from '@infermesh/kernel'
import type { Scenario, ScenarioCommand, ScenarioFault } from '@infermesh/scenario'
import { scattered } from './faults.ts'
import { type Field, fieldOf, pick } from './field.ts'
import { themes } from './themes.ts'

/** What a hunt adds to a scenario: what goes wrong, and what owners want meanwhile. */
export interface Schedule {
  readonly faults: readonly ScenarioFault[]
  readonly commands: readonly ScenarioCommand[]
}

/** A random schedule for a scenario's peers and links; the same for the same draws. Some are scattered faults alone, most have a few themes. */
export function drawSchedule(scenario: Scenario, random: Random): Schedule {
  const field = fieldOf(scenario, random)
  const plain = random.below(4) === 0
  const themed = plain
    ? []
    : Array.from({ length: 1 + random.below(4) }, () => pick(themes, random)(field, instantIn(field, random), random))
  const single = plain ? scattered(field, random) : scattered(field, random).slice(0, random.below(3))
  const faults = [...themed.flat(), ...single].map(rounded)
  return { faults: faults.sort(byTime), commands: drawCommands(field, random) }
}

const instantIn = ({ from, until }: Field, random: Random): Millis => from + random.below(until - from)

const byTime = (left: { readonly at: Millis }, right: { readonly at: Millis }): number => left.at - right.at

const rounded = (fault: ScenarioFault): ScenarioFault => ({
  ...fault,
  at: Math.round(fault.at),
  ...(fault.until === undefined ? {} : { until: Math.round(fault.until) }),
})

/** Owners change their minds: rights are taken back and given again, and leases asked back. */
function drawCommands(field: Field, random: Random): ScenarioCommand[] {
  if (field.privateModels.length === 0 || random.below(3) > 0) return []
  const commands = Array.from({ length: 1 + random.below(3) }, (): ScenarioCommand => {
    const { name: model, owner, standbys } = pick(field.privateModels, random)
    const at = instantIn(field, random)
    if (standbys.length === 0 || random.below(4) === 0) return { at, peer: owner, name: 'handback', argument: JSON.stringify({ model }) }
    const { peer: standby, temperature } = pick(standbys, random)
    if (random.below(3) > 0) return { at, peer: owner, name: 'revoke', argument: JSON.stringify({ model, standby }) }
    return { at, peer: owner, name: 'delegate', argument: JSON.stringify({ model, standby, temperature }) }
  })
  return commands.sort(byTime)
}
