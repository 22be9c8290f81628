import type { Millis, Random } from '@infermesh/kernel'
import { clientName, type FaultSpec, type LinkChoice, type Scenario, type ScenarioFault } from '@infermesh/scenario'

/** Faults a hunt draws: those whose damage the network promises to survive. A disk that lies, and peers that do, are not among them. */
type Draw = (random: Random, field: Field) => FaultSpec

interface Field {
  /** Whom faults strike that are about one peer. */
  readonly peers: readonly string[]
  /** Clients too: their links may suffer, they themselves are only the load. */
  readonly everybody: readonly string[]
  readonly models: readonly string[]
}

const FAULTS_MAX = 10
const LASTS_MAX: Millis = 20_000

/**
 * A random schedule for a scenario's peers and links. Each schedule favours few kinds and often one group of peers (swarm testing,
 * Groce et al. 2012): a little of everything everywhere seldom gets far anywhere.
 */
export function drawFaults(scenario: Scenario, random: Random): ScenarioFault[] {
  const field = fieldOf(scenario, random)
  const kinds = random.below(3) === 0 ? weighted : Array.from({ length: 1 + random.below(3) }, () => pick(weighted, random))
  const from = Math.max(500, Math.min(...scenario.load.map((load) => load.from)) - 2_000)
  const until = Math.max(from + 1_000, ...scenario.load.map((load) => load.until))
  const faults = Array.from({ length: 1 + random.below(FAULTS_MAX) }, (): ScenarioFault => {
    const at = from + random.below(until - from)
    // Short faults are as likely as long ones: 50 ms to 20 s on a logarithmic scale.
    const lasts = Math.round(50 * Math.exp(random.next() * Math.log(LASTS_MAX / 50)))
    return { ...pick(kinds, random)(random, field), at, until: at + lasts }
  })
  return faults.sort((left, right) => left.at - right.at)
}

function fieldOf(scenario: Scenario, random: Random): Field {
  const groups = [...new Set(scenario.peers.map(({ group }) => group))]
  const focus = random.below(2) === 0 ? [pick(groups, random), pick(groups, random)] : groups
  const clients = scenario.load.flatMap((load, index) => Array.from({ length: load.client }, (_, each) => clientName(index, each)))
  return {
    peers: scenario.peers.filter(({ group }) => focus.includes(group)).map(({ name }) => name),
    everybody: [...scenario.peers.map(({ name }) => name), ...clients],
    models: scenario.load.map(({ model }) => model),
  }
}

const pick = <T>(items: readonly T[], random: Random): T => items[random.below(items.length)] as T

/** One peer mostly, sometimes two or three. */
function some(names: readonly string[], random: Random): string[] {
  const chosen = new Set<string>()
  const count = random.below(4) < 3 ? 1 : 2 + random.below(2)
  for (let index = 0; index < count; index++) chosen.add(pick(names, random))
  return [...chosen]
}

function someLinks(random: Random, { everybody }: Field): LinkChoice {
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

const crash: Draw = (random, { peers }) => {
  // Most crashes come between two effects: that is where what was saved and what was said part.
  const cut = random.below(3) === 0 ? {} : { afterEffects: 1 + random.below(20) }
  return { kind: 'crash', peers: some(peers, random), ...cut }
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

const clock: Draw = (random, { peers }) => ({
  kind: 'clock',
  peers: some(peers, random),
  offset: random.below(3) === 0 ? 0 : random.below(12_000) - 6_000,
  driftPpm: random.below(2_000) - 1_000,
})

const disk: Draw = (random, { peers }) =>
  random.below(3) === 0
    ? { kind: 'disk', peers: some(peers, random), trouble: 'full', by: 0 }
    : { kind: 'disk', peers: some(peers, random), trouble: 'slow', by: 1 + random.below(80) }

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
