import type { Millis } from '@infermesh/kernel'
import type { LieKind } from '@infermesh/peers'
import type { Lengths } from '../quantities.ts'
import type { FaultKind } from './fault.ts'

/** Links by the names of their peers. `between`: from left to right, and back unless it is one way. */
export type LinkChoice =
  | { readonly type: 'all' }
  | { readonly type: 'touching'; readonly peers: readonly string[] }
  | { readonly type: 'between'; readonly left: readonly string[]; readonly right: readonly string[]; readonly oneWay: boolean }

export interface LieOptions {
  /** Chance of each opportunity. */
  readonly share: number
  readonly victims: readonly string[]
  readonly late: Millis
  readonly perSecond: number
}

/** What a fault does, with every selector spelled out as peer names. */
export type FaultSpec =
  | {
      readonly kind: 'crash'
      readonly peers: readonly string[]
      readonly afterEffects?: number
      /** Not at once, but around the next save. Only hunts draw it, since only virtual worlds can. */
      readonly cut?: 'before-save' | 'after-save'
    }
  | { readonly kind: 'restart'; readonly peers: readonly string[]; readonly wipe: boolean }
  | { readonly kind: 'pause'; readonly peers: readonly string[] }
  | { readonly kind: 'resume'; readonly peers: readonly string[] }
  | { readonly kind: 'partition'; readonly groups: readonly (readonly string[])[]; readonly mode: 'jam' | 'cut'; readonly oneWay: boolean }
  | { readonly kind: 'delay' | 'jitter'; readonly links: LinkChoice; readonly by: Millis; readonly jitter: Millis }
  | { readonly kind: 'loss'; readonly links: LinkChoice; readonly share: number; readonly burst: number }
  | { readonly kind: 'reorder' | 'duplicate'; readonly links: LinkChoice; readonly share: number; readonly within: Millis }
  | { readonly kind: 'reset'; readonly links: LinkChoice; readonly share: number }
  | { readonly kind: 'bandwidth'; readonly peers: readonly string[]; readonly bitsPerSecond: number }
  | { readonly kind: 'clock'; readonly peers: readonly string[]; readonly offset: Millis; readonly driftPpm: number }
  | {
      readonly kind: 'disk'
      readonly peers: readonly string[]
      readonly trouble: 'full' | 'slow' | 'torn' | 'lossy'
      readonly by: Millis
    }
  | { readonly kind: 'churn'; readonly peers: readonly string[]; readonly perSecond: number; readonly down: Millis }
  | { readonly kind: 'overload'; readonly model: string; readonly perSecond: number; readonly prompt: Lengths; readonly answer: Lengths }
  | { readonly kind: 'lie'; readonly lie: LieKind; readonly peers: readonly string[]; readonly options: LieOptions }

/** A fault as a world performs it. JSON-safe. Without `until` it is over at once, or never healed. */
export type ScenarioFault = FaultSpec & { readonly at: Millis; readonly until?: Millis }

/** A resolved fault of one kind, or of some. */
export type FaultOf<K extends FaultKind> = Extract<ScenarioFault, { readonly kind: K }>

/** What a person reads: `partition owner-0 | gateway-0, gateway-1`. */
export function faultText(fault: FaultSpec): string {
  switch (fault.kind) {
    case 'partition':
      return `partition ${fault.groups.map((group) => group.join(', ')).join(' | ')}${fault.oneWay ? ' one way' : ''}`
    case 'delay':
    case 'jitter':
      return `${fault.kind} ${fault.by} ms${fault.jitter > 0 ? ` up to ${fault.by + fault.jitter} ms` : ''} on ${linksText(fault.links)}`
    case 'loss':
    case 'reorder':
    case 'duplicate':
    case 'reset':
      return `${fault.kind} ${fault.share * 100} % on ${linksText(fault.links)}`
    case 'bandwidth':
      return `bandwidth ${fault.bitsPerSecond / 1e6} Mbit on ${fault.peers.join(', ')}`
    case 'clock':
      return `clock ${fault.peers.join(', ')} by ${fault.offset} ms and ${fault.driftPpm} ppm`
    case 'disk':
      return `disk ${fault.trouble} on ${fault.peers.join(', ')}`
    case 'overload':
      return `overload ${fault.model} with ${fault.perSecond}/s`
    case 'lie':
      return `lie ${fault.lie} by ${fault.peers.join(', ')}`
    default:
      return `${fault.kind} ${fault.peers.join(', ')}`
  }
}

function linksText(links: LinkChoice): string {
  if (links.type === 'all') return 'every link'
  if (links.type === 'touching') return `the links of ${links.peers.join(', ')}`
  return `${links.left.join(', ')} ${links.oneWay ? '→' : '↔'} ${links.right.join(', ')}`
}
