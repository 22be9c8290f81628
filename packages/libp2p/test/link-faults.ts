import type { LinkFaultSpec, LinkSelector, RuleHandle } from '@infermesh/sim'
import type { TestPeer } from './peer.ts'

/** What one peer sends to another. */
export const towards = (from: TestPeer, to: TestPeer): LinkSelector => ({ type: 'between', left: [from.id], right: [to.id], oneWay: true })

/** Puts a fault on what a peer sends. */
export const inflict = (from: TestPeer, spec: LinkFaultSpec): RuleHandle => from.host.links.addRule(spec.type, spec)

export const jam = (from: TestPeer, to: TestPeer): RuleHandle => inflict(from, { type: 'jam', links: towards(from, to) })
export const cut = (from: TestPeer, to: TestPeer): RuleHandle => inflict(from, { type: 'cut', links: towards(from, to) })
