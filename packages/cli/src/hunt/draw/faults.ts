import type { Random } from '@infermesh/kernel'
import type { FaultOf, ScenarioFault } from '@infermesh/scenario'
import { type Draw, type Field, lasting, namesOf, pick, some, someLinks } from './field.ts'

const FAULTS_MAX = 10

/**
 * Faults of a few kinds at random moments: those whose damage the network promises to survive. Each schedule favours few kinds and
 * often one group of peers (swarm testing, Groce et al. 2012): a little of everything everywhere seldom gets far anywhere.
 */
export function scattered(field: Field, random: Random): ScenarioFault[] {
  const kinds = random.below(3) === 0 ? weighted : Array.from({ length: 1 + random.below(3) }, () => pick(weighted, random))
  return Array.from({ length: 1 + random.below(FAULTS_MAX) }, (): ScenarioFault => {
    const at = field.from + random.below(field.until - field.from)
    const lasts = lasting(50, 20_000, random)
    return { ...pick(kinds, random)(random, field), at, until: at + lasts }
  })
}

const crash: Draw = (random, { peers }) => ({ kind: 'crash', peers: some(peers, random), ...cut(random) })

/** Most crashes come between two effects: that is where what was saved and what was said part. */
export function cut(random: Random): Pick<FaultOf<'crash'>, 'afterEffects' | 'cut'> {
  const dice = random.below(4)
  if (dice === 0) return {}
  if (dice === 1) return { afterEffects: 1 + random.below(20) }
  return { cut: dice === 2 ? 'before-save' : 'after-save' }
}

const pause: Draw = (random, { peers }) => ({ kind: 'pause', peers: some(peers, random) })

const partition: Draw = (random, { everybody }) => {
  const first = everybody.filter(() => random.below(3) === 0)
  const group = first.length === 0 || first.length === everybody.length ? [pick(everybody, random)] : first
  return { kind: 'partition', groups: [group], mode: random.below(2) === 0 ? 'jam' : 'cut', oneWay: random.below(3) === 0 }
}

const slow: Draw = (random, field) => ({
  kind: 'delay',
  links: someLinks(random, field),
  by: random.below(500),
  jitter: random.below(500),
})

const lossy: Draw = (random, field) => ({
  kind: 'loss',
  links: someLinks(random, field),
  share: Math.round(random.next() * 30) / 100,
  burst: 1 + random.below(4),
})

const shuffled: Draw = (random, field) => ({
  kind: random.below(2) === 0 ? 'reorder' : 'duplicate',
  links: someLinks(random, field),
  share: Math.round(random.next() * 50) / 100,
  within: 20 + random.below(400),
})

const resets: Draw = (random, field) => ({ kind: 'reset', links: someLinks(random, field), share: Math.round(1 + random.next() * 9) / 100 })

const clock: Draw = (random, { peers, lease }) =>
  random.below(2) === 0
    ? { kind: 'clock', peers: some(peers, random), offset: 0, driftPpm: random.below(2 * lease.driftPpm + 1) - lease.driftPpm }
    : { kind: 'clock', peers: some(peers, random), offset: random.below(12_000) - 6_000, driftPpm: random.below(2_000) - 1_000 }

const disk: Draw = (random, field) => {
  const { peers } = field
  const dice = random.below(4)
  // Only who has promised nothing that it must remember may lose what it saved.
  const forgetful = [...namesOf(field, 'verifier'), ...namesOf(field, 'gateway')]
  if (dice === 0 && forgetful.length > 0) return { kind: 'disk', peers: some(forgetful, random), trouble: 'lossy', by: 0 }
  if (dice === 1) return { kind: 'disk', peers: some(peers, random), trouble: 'full', by: 0 }
  return { kind: 'disk', peers: some(peers, random), trouble: 'slow', by: 1 + random.below(80) }
}

const overload: Draw = (random, { models }) => {
  const answer = { kind: 'fixed', count: 10 + random.below(60) } as const
  return { kind: 'overload', model: pick(models, random), perSecond: 5 + random.below(25), prompt: { kind: 'fixed', count: 40 }, answer }
}

/** Each as often as it stands here. Crashes find most. */
const weighted: readonly Draw[] = [
  crash,
  crash,
  crash,
  pause,
  pause,
  partition,
  partition,
  slow,
  lossy,
  shuffled,
  resets,
  clock,
  disk,
  overload,
]
