import { type AnyEnvelope, type AnyMessage, type Machine, subscribe } from '@infermesh/kernel'
import { runPeer } from '@infermesh/testnet/peer'
import { identityFrom } from '../src/peer/fixtures/identity.ts'

/** The least a peer can do: it subscribes to one topic. */
runPeer((boot) => ({
  identity: identityFrom(boot.identitySeed),
  createMachine: (): Machine => ({ handle: (input) => (input.type === 'started' ? [subscribe('news')] : []) }),
  codec: { encodeMessage, decodeMessage, decodeEnvelope },
  compute: noJobs,
  streams: ['control'],
  topics: ['news'],
}))

function encodeMessage(message: AnyMessage): Uint8Array {
  return new TextEncoder().encode(message.type)
}

function decodeMessage(bytes: Uint8Array): AnyMessage {
  return { type: new TextDecoder().decode(bytes) }
}

function decodeEnvelope(): AnyEnvelope {
  throw new Error('idle peers publish nothing')
}

// biome-ignore lint/correctness/useYield: a peer without jobs
async function* noJobs(): AsyncGenerator<never> {
  throw new Error('idle peers have no jobs')
}
