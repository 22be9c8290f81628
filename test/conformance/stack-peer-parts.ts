import { createHash } from 'node:crypto'
import type { PeerIdentity } from '@infermesh/kernel'
import { identityFromSeed } from '@infermesh/protocol/node'
import type { CasePeer } from './conformance-case.ts'
import { noteCodec } from './note.ts'

/** Keys from names: a case's machines find each other by them in every world that has real ones. */
export const identity = (name: string): PeerIdentity => identityFromSeed(new Uint8Array(createHash('sha256').update(name).digest()))

/** What a libp2p host needs to know of a peer of a case. */
export const partsOf = ({ name, createMachine }: CasePeer) => ({
  name,
  identity: identity(name),
  codec: noteCodec,
  createMachine: () => createMachine((other) => identity(other).peerId),
  streams: ['talk'],
  topics: ['news'],
})

/** What the message side of a world needs to know of it. */
export const messagesOf = ({ name, createMachine }: CasePeer) => ({
  name,
  peerId: identity(name).peerId,
  createMachine: () => createMachine((other) => identity(other).peerId),
})
