import { assertNever, type Millis } from '@infermesh/kernel'
import { clientName } from './plan/arrivals.ts'
import type { Problem } from './problems.ts'
import { type FaultEntry, type FaultKind, writtenKind } from './schema/faults/fault.ts'
import type { FaultSpec, LinkChoice, ScenarioFault } from './schema/faults/resolved.ts'
import type { ScenarioFile } from './schema/scenario.ts'

/** Faults without an own length heal this long after the last load and the last fault have begun. */
export const HEAL_AFTER: Millis = 1_000

type Entry<K extends FaultKind> = Extract<FaultEntry, { readonly [key in K]: unknown }>
type Path = readonly (string | number)[]
/** What of a scenario says when its faults act and heal. */
type FaultyFile = Pick<ScenarioFile, 'load' | 'faults' | 'until'>

/** Names that a fault or a fidelity may use: every peer, and every group with its members. Clients of load entry n are the group `client-<n>`. */
export class Roster {
  readonly #members = new Map<string, readonly string[]>()

  constructor(file: Pick<ScenarioFile, 'load'>, peers: readonly { readonly name: string; readonly group: string }[]) {
    for (const { name, group } of peers) this.#members.set(group, [...(this.#members.get(group) ?? []), name])
    file.load.forEach((load, index) => {
      this.#members.set(
        `client-${index}`,
        Array.from({ length: load.client }, (_, client) => clientName(index, client)),
      )
    })
    for (const name of [...this.#members.values()].flat()) this.#members.set(name, [name])
  }

  /** Members of what was chosen, each once, in order. Unknown names become problems. */
  named(chosen: readonly string[], path: Path, problems: Problem[]): string[] {
    const names = chosen.flatMap((name) => {
      const members = this.#members.get(name)
      if (members === undefined) problems.push({ path, expected: `a peer of this scenario (${this.#some()})`, found: name })
      return members ?? []
    })
    return [...new Set(names)]
  }

  #some(): string {
    const all = [...this.#members].filter(([name, members]) => members[0] === name && members.length === 1).map(([name]) => name)
    return all.length > 12 ? `${all.slice(0, 12).join(', ')}, …` : all.join(', ')
  }
}

/** Faults with every selector spelled out and every end known. */
export function resolveFaults(
  file: FaultyFile,
  peers: readonly { readonly name: string; readonly group: string }[],
  problems: Problem[],
): ScenarioFault[] {
  const roster = new Roster(file, peers)
  const healAt = healTime(file)
  const faults = file.faults.map((entry, index): ScenarioFault => {
    const kind = writtenKind(entry) ?? 'crash'
    const path = ['faults', index]
    refuseBeyondEnd(entry, file.until, { path, problems })
    const spec = specOf(kind, entry, { file, roster, path, problems })
    if ('lasting' in entry && entry.lasting === true && hasLength(entry))
      problems.push({ path: [...path, 'lasting'], expected: 'either `for` or `lasting`', found: 'both' })
    const until = endOf(entry, kind, healAt)
    return { ...spec, at: entry.at, ...(until === undefined ? {} : { until }) }
  })
  return faults.map((fault, index) => (isEndedByAnother(fault, faults) && !hasLength(file.faults[index]) ? withoutEnd(fault) : fault))
}

/** A fault that begins there never acts; one that heals there leaves the network broken, which must be said. */
function refuseBeyondEnd(entry: FaultEntry, end: Millis | undefined, { path, problems }: Pick<Place, 'path' | 'problems'>): void {
  if (end === undefined) return
  const length = 'for' in entry ? (entry.for ?? 0) : 0
  if (entry.at >= end) problems.push({ path: [...path, 'at'], expected: `a time before the end at ${end} ms`, found: `${entry.at} ms` })
  else if (entry.at + length > end)
    problems.push({
      path: [...path, 'for'],
      expected: `at most ${end - entry.at} ms, to heal before the end at ${end} ms, or \`lasting: true\``,
      found: `${length} ms`,
    })
}

const hasLength = (entry: FaultEntry | undefined): boolean => entry !== undefined && 'for' in entry && entry.for !== undefined

/** A crash that a later restart undoes, or a pause that a later resume does, needs no healing of its own. */
function isEndedByAnother(fault: ScenarioFault, all: readonly ScenarioFault[]): boolean {
  if (fault.kind !== 'crash' && fault.kind !== 'pause') return false
  const ending = fault.kind === 'crash' ? 'restart' : 'resume'
  const ended = new Set(all.flatMap((other) => (other.kind === ending && other.at > fault.at ? other.peers : [])))
  return fault.peers.every((peer) => ended.has(peer))
}

function withoutEnd(fault: ScenarioFault): ScenarioFault {
  const { until: _until, ...rest } = fault
  return rest
}

/** Late enough that every fault has acted, early enough that the network can show its recovery before the run's end. */
function healTime(file: FaultyFile): Millis {
  const starts = file.faults.map((entry) => entry.at + ('for' in entry ? (entry.for ?? 0) : 0))
  const quiet = Math.max(0, ...starts, ...file.load.map((load) => load.until)) + HEAL_AFTER
  return file.until === undefined ? quiet : Math.min(quiet, Math.max(0, file.until - HEAL_AFTER))
}

function endOf(entry: FaultEntry, kind: FaultKind, healAt: Millis): Millis | undefined {
  if (kind === 'restart' || kind === 'resume') return undefined
  const { for: length, lasting } = entry as { readonly for?: Millis; readonly lasting?: true }
  // What the settlers' own configuration does cannot be taken back.
  if (lasting === true || ('lie' in entry && entry.lie === 'censoring-settler')) return undefined
  return length === undefined ? Math.max(entry.at, healAt) : entry.at + length
}

interface Place {
  readonly file: FaultyFile
  readonly roster: Roster
  readonly path: Path
  readonly problems: Problem[]
}

function specOf(kind: FaultKind, entry: FaultEntry, place: Place): FaultSpec {
  const peersAt = (key: string, chosen: readonly string[]): string[] => place.roster.named(chosen, [...place.path, key], place.problems)
  switch (kind) {
    case 'crash': {
      const { crash, afterEffects } = entry as Entry<'crash'>
      return { kind, peers: peersAt(kind, crash), ...(afterEffects === undefined ? {} : { afterEffects }) }
    }
    case 'restart': {
      const { restart, wipe = false } = entry as Entry<'restart'>
      return { kind, peers: peersAt(kind, restart), wipe }
    }
    case 'pause':
      return { kind, peers: peersAt(kind, (entry as Entry<'pause'>).pause) }
    case 'resume':
      return { kind, peers: peersAt(kind, (entry as Entry<'resume'>).resume) }
    case 'clock': {
      const { clock, offset = 0, drift = 0 } = entry as Entry<'clock'>
      return { kind, peers: peersAt(kind, clock), offset, driftPpm: drift }
    }
    case 'disk': {
      const { disk, on, by = 0 } = entry as Entry<'disk'>
      return { kind, peers: peersAt('on', on), trouble: disk, by }
    }
    case 'churn': {
      const { churn, rate, down } = entry as Entry<'churn'>
      return { kind, peers: peersAt(kind, churn), perSecond: rate, down }
    }
    case 'overload':
      return overloadOf(entry as Entry<'overload'>, place)
    case 'lie':
      return lieOf(entry as Entry<'lie'>, place)
    case 'partition':
      return partitionOf(entry as Entry<'partition'>, place)
    case 'bandwidth': {
      const { bandwidth, on } = entry as Entry<'bandwidth'>
      return { kind, peers: peersAt('on', on), bitsPerSecond: bandwidth }
    }
    case 'delay':
    case 'jitter':
    case 'loss':
    case 'reorder':
    case 'duplicate':
    case 'reset':
      return linkSpecOf(kind, entry, place)
    default:
      return assertNever(kind)
  }
}

type LinkKind = 'delay' | 'jitter' | 'loss' | 'reorder' | 'duplicate' | 'reset'

function linkSpecOf(kind: LinkKind, entry: FaultEntry, place: Place): FaultSpec {
  const links = linksOf(entry as Entry<'loss'>, place)
  switch (kind) {
    case 'delay': {
      const { delay, jitter = 0 } = entry as Entry<'delay'>
      return { kind, links, by: delay, jitter }
    }
    case 'jitter':
      return { kind, links, by: 0, jitter: (entry as Extract<FaultEntry, { readonly jitter: Millis }>).jitter }
    case 'loss': {
      const { loss, burst = 1 } = entry as Entry<'loss'>
      return { kind, links, share: loss, burst }
    }
    case 'reorder': {
      const { reorder, within } = entry as Entry<'reorder'>
      return { kind, links, share: reorder, within }
    }
    case 'duplicate': {
      const { duplicate, within } = entry as Entry<'duplicate'>
      return { kind, links, share: duplicate, within }
    }
    case 'reset':
      return { kind, links, share: (entry as Entry<'reset'>).reset }
  }
}

function partitionOf(entry: Entry<'partition'>, { roster, path, problems }: Place): FaultSpec {
  const groups = entry.partition.map((group, index) => roster.named(group, [...path, 'partition', index], problems))
  const seen = new Set<string>()
  for (const [index, name] of groups.flatMap((group, place) => group.map((each) => [place, each] as const))) {
    if (seen.has(name)) problems.push({ path: [...path, 'partition', index], expected: 'each peer in one group only', found: name })
    seen.add(name)
  }
  return { kind: 'partition', groups, mode: entry.mode, oneWay: entry.oneWay === true }
}

function linksOf(entry: Pick<Entry<'loss'>, 'on' | 'oneWay'>, { roster, path, problems }: Place): LinkChoice {
  const { on, oneWay = false } = entry
  const named = (chosen: readonly string[]): string[] => roster.named(chosen, [...path, 'on'], problems)
  if (oneWay && typeof on !== 'object') problems.push({ path: [...path, 'oneWay'], expected: '`on` with two ends', found: 'one way' })
  if (on === undefined) return { type: 'all' }
  if (typeof on === 'string') return { type: 'touching', peers: named([on]) }
  return { type: 'between', left: named(on[0]), right: named(on[1]), oneWay }
}

function overloadOf(entry: Entry<'overload'>, { file, path, problems }: Place): FaultSpec {
  const { overload: model, rate, prompt, answer } = entry
  const load = file.load.find((each) => each.model === model)
  if (load === undefined)
    problems.push({ path: [...path, 'overload'], expected: 'a model that has a load entry, whose clients ask for more', found: model })
  const short = { kind: 'fixed', count: 50 } as const
  return { kind: 'overload', model, perSecond: rate, prompt: prompt ?? load?.prompt ?? short, answer: answer ?? load?.answer ?? short }
}

const needVictims: ReadonlySet<string> = new Set(['colluding-verifier', 'censoring-settler', 'eclipse'])

function lieOf(entry: Entry<'lie'>, { roster, path, problems }: Place): FaultSpec {
  const { lie, by, share = 1, victim = [], late = 10_000, rate = 10 } = entry
  if (needVictims.has(lie) && victim.length === 0)
    problems.push({ path: [...path, 'victim'], expected: `whom the ${lie} is about`, found: 'nobody' })
  if (lie === 'censoring-settler' && (entry.at > 0 || entry.for !== undefined))
    problems.push({ path: [...path, 'at'], expected: 'neither at nor for: a settler censors for the whole run', found: 'a part of it' })
  const victims = roster.named(victim, [...path, 'victim'], problems)
  return { kind: 'lie', lie, peers: roster.named(by, [...path, 'by'], problems), options: { share, victims, late, perSecond: rate } }
}
