import type { Millis, Random } from '@infermesh/kernel'

/** A message about to leave. The object is reused: read it during the call only. */
export interface Transit {
  /** Names of the peers. */
  readonly from: string
  readonly to: string
  /** `stream` is ordered and reliable, `gossip` is one message of its own, `control` is gossip's small talk. */
  readonly channel: 'stream' | 'gossip' | 'control'
  readonly bytes: number
  readonly now: Millis
  readonly random: Random
}

/**
 * What a rule says of one message. `drop` loses a gossip message; a stream loses nothing, so there it holds the message, and all
 * behind it, until the rule goes or the connection breaks of silence. `reset` breaks the connection at once.
 */
export type Verdict =
  | 'pass'
  | 'drop'
  | 'reset'
  | { readonly type: 'delay'; readonly by: Millis }
  | { readonly type: 'duplicate'; readonly after: Millis }

/** One fault on the links, as a function. All rules are asked in order; delays add up, the first `drop` or `reset` decides. */
export type LinkRule = (transit: Transit) => Verdict

/** What a rule did so far: its proof. */
export interface RuleCounts {
  asked: number
  /** Of these, the ones it could act on; 0 where nobody said which these are. */
  meant: number
  dropped: number
  reset: number
  delayed: number
  delayMsTotal: number
  duplicated: number
}

export interface RuleHandle {
  readonly label: string
  readonly counts: Readonly<RuleCounts>
  /** Takes the rule away; held stream messages go on. Harmless when repeated. */
  remove(): void
}

/** True for the messages a rule is meant for. */
export type LinkFilter = (transit: Transit) => boolean

export const everyLink: LinkFilter = () => true

/** Messages out of or into one of these peers. */
export const touching = (names: readonly string[]): LinkFilter => {
  const chosen = new Set(names)
  return (transit) => chosen.has(transit.from) || chosen.has(transit.to)
}

/** Messages from one of the sources to one of the targets; the other way is not meant. */
export const oneWay = (sources: readonly string[], targets: readonly string[]): LinkFilter => {
  const from = new Set(sources)
  const to = new Set(targets)
  return (transit) => from.has(transit.from) && to.has(transit.to)
}

/** Messages between two sets, either way. */
export const between = (left: readonly string[], right: readonly string[]): LinkFilter => {
  const there = oneWay(left, right)
  const back = oneWay(right, left)
  return (transit) => there(transit) || back(transit)
}

/** Messages that cross from one group to another. Peers in no group form one more. */
export const across = (groups: readonly (readonly string[])[]): LinkFilter => {
  const groupOf = new Map(groups.flatMap((names, index) => names.map((name) => [name, index] as const)))
  return (transit) => groupOf.get(transit.from) !== groupOf.get(transit.to)
}
