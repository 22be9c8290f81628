import type { PeerInput } from '@infermesh/protocol'
import { type PlantedBug, rewritten } from './bug.ts'

const LOST: ReadonlySet<string> = new Set(['lost', 'timeout'])

/** A call that may have arrived is taken for one that did not. */
const asUnreachable = (input: PeerInput): PeerInput =>
  input.type === 'failed' && input.callId.startsWith('forward/') && LOST.has(input.failure.code)
    ? { ...input, failure: { ...input.failure, code: 'unreachable' } }
    : input

export const sealedBugs: readonly PlantedBug[] = [
  {
    name: 'lost-taken-for-unreachable',
    about: 'a client whose relay is lost on the way asks anew, though its request may have been served',
    roles: ['client'],
    ground: 'hunting-seals',
    breaks: ['I16'],
    build: ({ make }) => rewritten(make(), { input: asUnreachable }),
  },
  {
    name: 'relay-asks-again',
    about: 'a relay whose gateway is lost on the way says that nothing was done',
    roles: ['relay'],
    ground: 'hunting-seals',
    breaks: ['I16'],
    build: ({ make }) => rewritten(make(), { input: asUnreachable }),
  },
]
