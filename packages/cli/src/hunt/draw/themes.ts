import type { Millis, Random } from '@infermesh/kernel'
import type { ScenarioFault } from '@infermesh/scenario'
import { cut } from './faults.ts'
import { crowd, type Field, lasting, namesOf, type PrivateModel, pick, share, some } from './field.ts'

/** A few faults that belong together, around one instant: what single random faults seldom add up to. */
export type Theme = (field: Field, at: Millis, random: Random) => readonly ScenarioFault[]

const holderOf = ({ owner, standbys }: PrivateModel, random: Random): string =>
  random.below(4) === 0 && standbys.length > 0 ? pick(standbys, random).peer : owner

/** A peer cut off from all but a gateway or two and some clients: it goes on with its work, and nobody else sees it. */
function withCompany(peer: string, field: Field, random: Random): ScenarioFault & { readonly kind: 'partition' } {
  const gateways = share(namesOf(field, 'gateway'), 0.4, random)
  const group = [peer, ...gateways, ...share(field.clients, 0.6, random)]
  return { kind: 'partition', groups: [group], mode: random.below(3) === 0 ? 'cut' : 'jam', oneWay: false, at: 0 }
}

/** Who serves a private model is lost, or seems so; and before another has taken over something else breaks. */
const overtaken: Theme = (field, at, random) => {
  if (field.privateModels.length === 0) return []
  const holder = holderOf(pick(field.privateModels, random), random)
  const blows = Array.from({ length: 1 + random.below(2) }, () => secondBlow(field, at + random.below(field.lease.ttl), random))
  return [firstBlow(holder, field, at, random), ...blows]
}

function firstBlow(holder: string, field: Field, at: Millis, random: Random): ScenarioFault {
  const { ttl } = field.lease
  const dice = random.below(6)
  if (dice < 2) return { kind: 'crash', peers: [holder], ...cut(random), at, until: at + lasting(ttl, 10 * ttl, random) }
  if (dice === 2) return { kind: 'pause', peers: [holder], at, until: at + lasting(ttl / 2, 4 * ttl, random) }
  return { ...withCompany(holder, field, random), at, until: at + lasting(ttl, 4 * ttl, random) }
}

function secondBlow(field: Field, at: Millis, random: Random): ScenarioFault {
  const grantors = namesOf(field, 'grantor')
  const dice = random.below(5)
  if (dice === 0 || grantors.length === 0) {
    const peers = some(namesOf(field, 'operator'), random)
    return { kind: 'crash', peers, ...cut(random), at, until: at + lasting(50, 3_000, random) }
  }
  if (dice === 1) return { kind: 'pause', peers: some(grantors, random), at, until: at + lasting(100, 2 * field.lease.ttl, random) }
  // All of them at once, as in a power cut: what they keep in memory only is gone from everywhere.
  const peers = random.below(3) > 0 ? [...grantors] : share(grantors, 0.6, random)
  return { kind: 'crash', peers, at, until: at + lasting(20, 800, random) }
}

/** A holder is cut off and goes on; before its lease is over a power cut takes from all grantors what they keep in memory only. */
const powerCut: Theme = (field, at, random) => {
  const grantors = namesOf(field, 'grantor')
  if (field.privateModels.length === 0 || grantors.length === 0) return []
  const { ttl } = field.lease
  const { owner } = pick(field.privateModels, random)
  const group = [owner, pick(namesOf(field, 'gateway'), random), ...share(field.clients, 0.8, random)]
  const dies = at + Math.round(ttl * (0.2 + random.next() * 0.4))
  return [
    { kind: 'partition', groups: [group], mode: 'jam', oneWay: false, at, until: at + lasting(ttl, 4 * ttl, random) },
    { kind: 'crash', peers: [...grantors], at: dies, until: dies + lasting(20, 300, random) },
  ]
}

/** What a peer says nobody hears; then it crashes, and comes back. */
const unheard: Theme = (field, at, random) => {
  const peer = pick(crowd(field, random), random)
  const links = { type: 'between', left: [peer], right: field.everybody.filter((name) => name !== peer), oneWay: true } as const
  const silence = lasting(300, 4_000, random)
  const dies = at + random.below(silence)
  const mute: ScenarioFault =
    random.below(2) === 0
      ? { kind: 'loss', links, share: 1, burst: 1, at, until: at + silence }
      : {
          kind: 'partition',
          groups: [[peer]],
          mode: pick(['jam', 'cut'] as const, random),
          oneWay: random.below(2) === 0,
          at,
          until: at + silence,
        }
  return [mute, { kind: 'crash', peers: [peer], ...cut(random), at: dies, until: dies + lasting(50, 5_000, random) }]
}

/** The same peers crash again and again, each time soon after they are back. */
const stutter: Theme = (field, at, random) => {
  const struck = some(crowd(field, random), random)
  const faults: ScenarioFault[] = []
  for (let count = 2 + random.below(4), next = at; count > 0; count--) {
    const until = next + lasting(30, 1_500, random)
    faults.push({ kind: 'crash', peers: struck, ...cut(random), at: next, until })
    next = until + lasting(20, 2_000, random)
  }
  return faults
}

/** One of a kind after the other crashes around a save and is back at once, while what it said is still being answered. */
const relapses: Theme = (field, at, random) => {
  const names = crowd(field, random)
  const until = at + lasting(2_000, 8_000, random)
  const faults: ScenarioFault[] = []
  for (let next = at; next < until; next += 100 + random.below(300)) {
    const side = pick(['before-save', 'after-save'] as const, random)
    faults.push({ kind: 'crash', peers: [pick(names, random)], cut: side, at: next, until: next + lasting(20, 200, random) })
  }
  return faults
}

/** Who serves a private model, or a few of one kind, and nobody hears of them for as long as anything may take. */
export const longGone: Theme = (field, at, random) => {
  const models = field.privateModels
  const peers = models.length > 0 && random.below(2) === 0 ? [holderOf(pick(models, random), random)] : some(crowd(field, random), random)
  return [{ kind: 'crash', peers, ...cut(random), at, until: at + lasting(8_000, 25_000, random) }]
}

/** Operators that serve, and that no verifier reaches: what they signed can't be looked at. */
const unshown: Theme = (field, at, random) => {
  const left = share(namesOf(field, 'operator'), 0.6, random)
  const right = namesOf(field, 'verifier')
  if (left.length === 0 || right.length === 0) return []
  const links = { type: 'between', left, right, oneWay: false } as const
  return [{ kind: 'loss', links, share: 1, burst: 1, at, until: at + lasting(3_000, 12_000, random) }]
}

/** Two halves of every role that can't reach each other. */
const halves: Theme = ({ all, clients }, at, random) => {
  const groups = [...new Set(all.map(({ group }) => group))]
  const half = groups.flatMap((group) => {
    const names = all.filter((peer) => peer.group === group).map(({ name }) => name)
    const first = random.below(names.length)
    return Array.from({ length: Math.ceil(names.length / 2) }, (_, index) => names[(first + index) % names.length] ?? '')
  })
  const group = [...half, ...share(clients, 0.5, random)]
  return [
    {
      kind: 'partition',
      groups: [group],
      mode: pick(['jam', 'cut'] as const, random),
      oneWay: false,
      at,
      until: at + lasting(500, 10_000, random),
    },
  ]
}

/** One group that can hardly hear itself, and whose members come and go meanwhile. */
const underFire: Theme = (field, at, random) => {
  const names = crowd(field, random)
  const until = at + lasting(2_000, 8_000, random)
  const links = { type: 'between', left: names, right: names, oneWay: false } as const
  const loss: ScenarioFault = { kind: 'loss', links, share: random.below(7) / 10, burst: 1, at, until }
  const struck = share(names, 0.5, random)
  return [...(loss.share > 0 ? [loss] : []), ...struck.flatMap((peer) => comingAndGoing(peer, { at, until }, random))]
}

function comingAndGoing(peer: string, { at, until }: { readonly at: Millis; readonly until: Millis }, random: Random): ScenarioFault[] {
  const faults: ScenarioFault[] = []
  for (let next = at + random.below(1_000); next < until; ) {
    const back = next + lasting(20, 3_000, random)
    faults.push({ kind: 'crash', peers: [peer], ...cut(random), at: next, until: back })
    next = back + lasting(100, 2_500, random)
  }
  return faults
}

/** Clocks that run apart as far as leases allow for, and a holder that is cut off meanwhile. */
const driftApart: Theme = (field, at, random) => {
  const { ttl, driftPpm } = field.lease
  if (field.privateModels.length === 0) return []
  const holder = holderOf(pick(field.privateModels, random), random)
  const turn = random.below(5) === 0 ? -1 : 1
  const until = at + lasting(3 * ttl, 6 * ttl, random)
  return [
    { kind: 'clock', peers: [holder], offset: 0, driftPpm: -turn * driftPpm, at, until },
    { kind: 'clock', peers: [...namesOf(field, 'grantor')], offset: 0, driftPpm: turn * driftPpm, at, until },
    { ...withCompany(holder, field, random), at: at + random.below(ttl), until },
  ]
}

/** A client's gateway is lost while it answers, and so perhaps is the next one. */
const gatewaysGone: Theme = (field, at, random) => {
  const gateways = share(namesOf(field, 'gateway'), 0.7, random)
  return gateways.map((peer) => {
    const dies = at + random.below(3_000)
    return { kind: random.below(3) === 0 ? 'pause' : 'crash', peers: [peer], at: dies, until: dies + lasting(500, 15_000, random) }
  })
}

/** Each as often as it stands here. */
export const themes: readonly Theme[] = [
  overtaken,
  overtaken,
  overtaken,
  powerCut,
  powerCut,
  unheard,
  unheard,
  stutter,
  relapses,
  relapses,
  unshown,
  halves,
  halves,
  underFire,
  underFire,
  underFire,
  driftApart,
  driftApart,
  gatewaysGone,
]
