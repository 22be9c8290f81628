import { assertNever } from './assert.ts'
import type { Input } from './machine.ts'

/** An input in a few words: what it is, from whom, about what. Its bytes are not shown. */
export function inputText(input: Input): string {
  switch (input.type) {
    case 'started':
      return `started (saved values: ${input.saved.size})`
    case 'request':
      return `request ${input.id}: ${input.message.type} on ${input.stream} from ${input.from}`
    case 'response':
      return `response to ${input.callId}: ${input.message.type}`
    case 'failed':
      return `failed ${input.callId}: ${input.failure.code}, ${input.failure.detail}`
    case 'gossip':
      return `gossip on ${input.topic}: ${input.envelope.type} ${input.envelope.id.slice(0, 16)} of ${input.envelope.signer} from ${input.from}`
    case 'timer':
      return `timer ${input.key}`
    case 'peerLost':
      return `peerLost ${input.peer}`
    case 'cancelled':
      return `cancelled ${input.id}`
    case 'computed':
      return `computed ${input.callId}`
    default:
      return assertNever(input)
  }
}
