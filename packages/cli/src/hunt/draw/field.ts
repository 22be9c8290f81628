import type { Millis, Random } from '@infermesh/kernel'
import { clientName, type FaultSpec, type LinkChoice, type Scenario, type ScenarioPeer } from '@infermesh/scenario'
import { parametersOf } from '../../network/parameters.ts'

/** One fault of a kind, without its time. */
export type Draw = (random: Random, field: Field) => FaultSpec

export interface PrivateModel {
  readonly name: string
  readonly owner: string
  readonly standbys: readonly { readonly peer: string; readonly temperature: string }[]
}

/** Where a hunt strikes: a scenario as its draws see it. */
export interface Field {
  readonly all: readonly ScenarioPeer[]
  /** Whom faults strike that are about one peer. */
  readonly peers: readonly string[]
  readonly clients: readonly string[]
  /** Clients too: their links may suffer, they themselves are only the load. */
  readonly everybody: readonly string[]
  readonly models: readonly string[]
  readonly privateModels: readonly PrivateModel[]
  /** The one role that this schedule is about, where it is about one: blows to peers that rely on each other add up. */
  readonly role?: ScenarioPeer['role']
  readonly lease: { readonly ttl: Millis; readonly driftPpm: number }
  /** While there is load, and a little before. */
  readonly from: Millis
  readonly until: Millis
}

export function fieldOf(scenario: Scenario, random: Random): Field {
  const { peers: all, load } = scenario
  const groups = [...new Set(all.map(({ group }) => group))]
  const focus = random.below(2) === 0 ? [pick(groups, random), pick(groups, random)] : groups
  const role = random.below(2) === 0 ? signingRole(all, random) : undefined
  const clients = load.flatMap((entry, index) => Array.from({ length: entry.client }, (_, each) => clientName(index, each)))
  const from = Math.max(500, Math.min(...load.map((entry) => entry.from)) - 2_000)
  return {
    all,
    peers: all.filter(({ group }) => focus.includes(group)).map(({ name }) => name),
    clients,
    everybody: [...all.map(({ name }) => name), ...clients],
    models: load.map(({ model }) => model),
    privateModels: Object.entries(scenario.models).flatMap(([name, model]) =>
      model.private === undefined ? [] : [{ name, ...model.private }],
    ),
    ...(role === undefined ? {} : { role }),
    lease: parametersOf(scenario).lease,
    from,
    until: Math.max(from + 1_000, ...load.map((entry) => entry.until)),
  }
}

export const namesOf = ({ all }: Field, role: ScenarioPeer['role']): readonly string[] =>
  all.filter((peer) => peer.role === role).map(({ name }) => name)

/** All of one role: mostly of those that sign what others rely on, and keep what they signed. */
export function crowd(field: Field, random: Random): readonly string[] {
  return namesOf(field, field.role ?? signingRole(field.all, random))
}

function signingRole(all: readonly ScenarioPeer[], random: Random): ScenarioPeer['role'] {
  const roles = [...new Set(all.map(({ role }) => role))]
  const signing = roles.filter((role) => role === 'operator' || role === 'settler' || role === 'grantor')
  return pick(signing.length > 0 && random.below(6) > 0 ? signing : roles, random)
}

export const pick = <T>(items: readonly T[], random: Random): T => items[random.below(items.length)] as T

/** Short lengths are as likely as long ones: a logarithmic scale. */
export const lasting = (least: Millis, most: Millis, random: Random): Millis =>
  Math.round(least * Math.exp(random.next() * Math.log(most / least)))

/** One peer mostly, sometimes two or three. */
export function some(names: readonly string[], random: Random): string[] {
  const chosen = new Set<string>()
  const count = random.below(4) < 3 ? 1 : 2 + random.below(2)
  for (let index = 0; index < count; index++) chosen.add(pick(names, random))
  return [...chosen]
}

/** Each with the same chance; one at least. */
export function share(names: readonly string[], chance: number, random: Random): string[] {
  const chosen = names.filter(() => random.next() < chance)
  return chosen.length > 0 || names.length === 0 ? chosen : [pick(names, random)]
}

export function someLinks(random: Random, { everybody }: Field): LinkChoice {
  const dice = random.below(4)
  if (dice === 0) return { type: 'all' }
  if (dice === 1) return { type: 'touching', peers: some(everybody, random) }
  const left = some(everybody, random)
  const right = some(
    everybody.filter((name) => !left.includes(name)),
    random,
  )
  return { type: 'between', left, right, oneWay: random.below(3) === 0 }
}
