import { assertNever, type Millis } from '@infermesh/kernel'
import { burstLoss, connectionLoss, cut, delay, duplicate, jam, loss, reorder } from './link-faults.ts'
import { across, between, everyLink, type LinkFilter, type LinkRule, oneWay, touching } from './link-rule.ts'

type Names = readonly string[]

/** Which links a fault is on, by the names of their peers. */
export type LinkSelector =
  | { readonly type: 'all' }
  | { readonly type: 'touching'; readonly peers: Names }
  | { readonly type: 'between'; readonly left: Names; readonly right: Names; readonly oneWay: boolean }
  | { readonly type: 'across'; readonly groups: readonly Names[] }

/** A fault on links as plain data, so that it can travel to where the links are. */
export type LinkFaultSpec =
  | { readonly type: 'jam' | 'cut'; readonly links: LinkSelector }
  | { readonly type: 'delay'; readonly links: LinkSelector; readonly by: Millis; readonly jitter: Millis }
  | { readonly type: 'loss'; readonly links: LinkSelector; readonly share: number; readonly burst: number }
  | { readonly type: 'reorder' | 'duplicate'; readonly links: LinkSelector; readonly share: number; readonly within: Millis }
  | { readonly type: 'reset'; readonly links: LinkSelector; readonly share: number }
  | { readonly type: 'eclipse'; readonly liars: Names; readonly victims: Names }

/** A rule, and which messages it could act on. */
export interface MeantRule {
  readonly rule: LinkRule
  readonly isMeant: LinkFilter
}

export function ruleOf(spec: LinkFaultSpec): MeantRule {
  if (spec.type === 'eclipse') return eclipse(spec)
  const filter = filterOf(spec.links)
  switch (spec.type) {
    case 'jam':
      return { rule: jam(filter), isMeant: filter }
    case 'cut':
      return { rule: cut(filter), isMeant: filter }
    case 'delay':
      return { rule: delay(filter, spec.by, spec.jitter), isMeant: filter }
    case 'loss':
      return { rule: losing(filter, spec), isMeant: filter }
    case 'reorder':
      return { rule: reorder(filter, spec.share, spec.within), isMeant: filter }
    case 'duplicate':
      return { rule: duplicate(filter, spec.share, spec.within), isMeant: (transit) => transit.channel === 'gossip' && filter(transit) }
    case 'reset':
      return { rule: connectionLoss(filter, spec.share), isMeant: (transit) => transit.channel === 'stream' && filter(transit) }
    default:
      return assertNever(spec)
  }
}

/** The same fault with its peers called otherwise. */
export function renamed(spec: LinkFaultSpec, rename: (name: string) => string): LinkFaultSpec {
  const all = (names: Names): Names => names.map(rename)
  if (spec.type === 'eclipse') return { type: 'eclipse', liars: all(spec.liars), victims: all(spec.victims) }
  return { ...spec, links: renamedLinks(spec.links, all) }
}

function renamedLinks(links: LinkSelector, all: (names: Names) => Names): LinkSelector {
  switch (links.type) {
    case 'all':
      return links
    case 'touching':
      return { type: 'touching', peers: all(links.peers) }
    case 'between':
      return { ...links, left: all(links.left), right: all(links.right) }
    case 'across':
      return { type: 'across', groups: links.groups.map(all) }
    default:
      return assertNever(links)
  }
}

function filterOf(links: LinkSelector): LinkFilter {
  switch (links.type) {
    case 'all':
      return everyLink
    case 'touching':
      return touching(links.peers)
    case 'between':
      return links.oneWay ? oneWay(links.left, links.right) : between(links.left, links.right)
    case 'across':
      return across(links.groups)
    default:
      return assertNever(links)
  }
}

/** Gilbert-Elliott with the asked share in the long run: bad for `burst` messages on average, and losing all of them. */
function losing(filter: LinkFilter, { share, burst }: { readonly share: number; readonly burst: number }): LinkRule {
  if (burst <= 1) return loss(filter, share)
  const recover = 1 / burst
  const worsen = Math.min(1, (recover * share) / Math.max(1e-9, 1 - share))
  return burstLoss(filter, { worsen, recover, probability: 1 })
}

/** A victim's gossip comes from the liars only, and goes to them only; its streams are left alone. */
function eclipse({ liars, victims }: { readonly liars: Names; readonly victims: Names }): MeantRule {
  const lying = new Set(liars)
  const eclipsed = new Set(victims)
  const isMeant: LinkFilter = ({ from, to, channel }) =>
    channel !== 'stream' && (eclipsed.has(from) ? !lying.has(to) : eclipsed.has(to) && !lying.has(from))
  return { isMeant, rule: (transit) => (isMeant(transit) ? 'drop' : 'pass') }
}
