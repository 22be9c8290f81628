import type { Scenario, ScenarioFault, ScenarioPeer } from '@infermesh/scenario'
import { readFault, readPeerSetting } from '@infermesh/scenario/files'
import { UserError } from '../user-error.ts'

const UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, '%': 0.01 }

/**
 * `faults.0.at=31s`, `load.0.rate=9`: a path in the resolved scenario and its new value. `faults.2=none` takes a fault away,
 * `faults.2={ at: 40s, crash: standby-0 }` puts another in its place or adds one, `peers.gateway.routing=uniform` sets a group or a peer.
 */
export function changedScenario(scenario: Scenario, changes: readonly string[]): Scenario {
  const copy = structuredClone(scenario) as unknown as Record<string, unknown>
  // What was a scenario is one still: paths must exist, and values keep their kind.
  const changed = copy as unknown as Changing
  const removed = new Set<number>()
  for (const change of changes) {
    const [, path = '', text = ''] = /^([^=]+)=(.*)$/s.exec(change) ?? []
    if (path === '') throw new UserError(`--set: expected path=value, such as faults.0.at=31s, found ${change}`)
    const [, fault] = /^faults\.(\d+)$/.exec(path) ?? []
    const [, peers, key] = /^peers\.([a-z][a-z0-9-]*)\.([a-zA-Z]+)$/.exec(path) ?? []
    if (fault !== undefined && text === 'none') removed.add(Number(fault))
    else if (fault !== undefined && text.startsWith('{')) putFault(changed, Number(fault), text)
    else if (peers !== undefined && key !== undefined) setPeers(changed, peers, { key, text })
    else set(copy, path.split('.'), readValue(text))
  }
  return { ...changed, faults: changed.faults.filter((_, index) => !removed.has(index)) }
}

interface Changing extends Omit<Scenario, 'peers' | 'faults'> {
  peers: ScenarioPeer[]
  faults: ScenarioFault[]
}

function putFault(scenario: Changing, index: number, text: string): void {
  const { length } = scenario.faults
  const known = length === 0 ? '0 for a first fault' : `a fault from 0 to ${length - 1}, or ${length} for a new one`
  if (index > length) throw new UserError(`--set faults.${index}: expected ${known}, found ${index}`)
  scenario.faults[index] = readFault(scenario, text, `--set faults.${index}:`)
}

function setPeers(scenario: Changing, name: string, { key, text }: { readonly key: string; readonly text: string }): void {
  const isMeant = (peer: ScenarioPeer): boolean => peer.group === name || peer.name === name
  const groups = new Set(scenario.peers.map(({ group }) => group))
  if (!scenario.peers.some(isMeant))
    throw new UserError(`--set peers.${name}: expected a peer or a group of this scenario (${[...groups].join(', ')}), found ${name}`)
  if (key === 'role' || key === 'count')
    throw new UserError(`--set peers.${name}.${key}: expected what a peer can change, found its ${key}`)
  const setting = readPeerSetting(key, text, `--set peers.${name}:`)
  scenario.peers = scenario.peers.map((peer) => (isMeant(peer) ? { ...peer, ...setting } : peer))
}

function set(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let place = target
  for (const step of path.slice(0, -1)) {
    const next = place[step]
    if (typeof next !== 'object' || next === null)
      throw new UserError(`--set: expected a path that is in the scenario, found nothing at ${step}`)
    place = next as Record<string, unknown>
  }
  const last = path.at(-1) ?? ''
  const before = place[last]
  if (before === undefined || typeof before !== typeof value)
    throw new UserError(
      `--set ${path.join('.')}: expected ${before === undefined ? 'a path that is in the scenario' : `a ${typeof before}`}, found ${JSON.stringify(value)}`,
    )
  place[last] = value
}

function readValue(text: string): unknown {
  const [, number, unit] = /^(-?\d+(?:\.\d+)?)(ms|s|m|%)?$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * (UNIT[unit ?? 'ms'] ?? 1)
  if (/^[[{"]|^(true|false)$/.test(text)) return JSON.parse(text) as unknown
  return text
}

/** `31.2s`, `31200ms` or `31200`. */
export function instantOf(flag: string, text: string): number {
  const value = readValue(text)
  if (typeof value !== 'number' || value < 0) throw new UserError(`${flag}: expected an instant such as 31.2s, found ${text}`)
  return Math.round(value)
}
