import { bodyHashOf, type Envelope, type Manifest, type MessageOf, type Request, requestIdOf, traceparentOf } from '@infermesh/protocol'
import { promptTokensOf } from '../src/client/charge.ts'
import { utf8Bytes } from '../src/client/utf8.ts'
import { nodeCryptography } from './cryptography.ts'
import type { SmallNetwork } from './small-network.ts'

const { hash } = nodeCryptography

/** A request as `client-0` would sign it. */
export function playedRequest(
  network: SmallNetwork,
  changes: Partial<Request> = {},
  text = 'a prompt of some words',
): { readonly requestId: string; readonly envelope: Envelope<'request'>; readonly prompt: Uint8Array } {
  const prompt = utf8Bytes(text)
  const terms = { nonce: '01'.repeat(16), bodyHash: bodyHashOf(hash, prompt), ...changes }
  const requestId = requestIdOf(hash, network.idOf('client-0'), terms)
  const payload: Request = {
    ...{ model: 'acme/echo@1.0', promptTokens: promptTokensOf(prompt), maxTokens: 20, seed: 1 },
    ...{ maxCharge: 1000, deadline: 60_000, trace: traceparentOf(requestId), session: undefined },
    ...terms,
  }
  return { requestId, prompt, envelope: network.signerOf('client-0').sign('request', payload, 0) }
}

/** The same request, as `gateway-0` would send it to `operator-0`. */
export function playedExecution(
  network: SmallNetwork,
  request: ReturnType<typeof playedRequest>,
  { by = 'gateway-0', to = 'operator-0', prefix = [] as readonly number[], attempt = 1, epoch = 0 } = {},
): MessageOf<'Execute'> {
  const { model, trace } = request.envelope.payload
  const operator = network.idOf(to)
  const chosen = { operator, policy: 'uniform', candidates: [operator] }
  const dispatch = { requestId: request.requestId, attempt, model, ...chosen, epoch, from: prefix.length, trace }
  const signed = network.signerOf(by).sign('dispatch', dispatch, 0)
  return { type: 'Execute', request: request.envelope.bytes, prompt: request.prompt, dispatch: signed.bytes, prefix }
}

/** A public release over these bytes, signed by `operator-0`. */
export function playedManifest(network: SmallNetwork, weights: Uint8Array, changes: Partial<Manifest> = {}): Envelope<'manifest'> {
  const blob = bodyHashOf(hash, weights)
  const terms = { model: 'acme/echo@1.0', visibility: 'public', engineBuild: 'reference-1', verifyTier: 're-execution' } as const
  const prices = { pricePromptPerMillion: 1_000_000, priceAnswerPerMillion: 2_000_000 }
  const manifest = { ...terms, ...prices, weightsRoot: blob, blob, blobBytes: weights.length, ...changes }
  return network.signerOf('operator-0').sign('manifest', manifest, 0)
}
