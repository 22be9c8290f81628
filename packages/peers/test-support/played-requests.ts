import {
  bodyHashOf,
  chargeOf,
  type Envelope,
  type Manifest,
  type MessageOf,
  type Receipt,
  type Request,
  requestIdOf,
  tokensHashOf,
  traceparentOf,
} from '@infermesh/protocol'
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

export interface PlayedStretch {
  readonly request: Envelope<'request'>
  readonly manifest: Envelope<'manifest'>
  /** The whole answer up to the end of the stretch. */
  readonly tokens: readonly number[]
  readonly from?: number
  readonly by?: string
  readonly changes?: Partial<Receipt>
}

/** An operator's receipt for the tokens from `from` on. */
export function playedReceipt(network: SmallNetwork, stretch: PlayedStretch): MessageOf<'Receipted'> {
  const { request, manifest, tokens, from = 0, by = 'operator-0', changes = {} } = stretch
  const { payload, signer, bytes } = request
  const { promptTokens, seed, bodyHash, model, trace } = payload
  const { weightsRoot, engineBuild } = manifest.payload
  const to = tokens.length
  const receipt: Receipt = {
    ...{ requestId: requestIdOf(hash, signer, payload), attempt: 1, from, to, model, weightsRoot, engineBuild, epoch: 0 },
    ...{ attestation: undefined, bodyHash, prefixHash: tokensHashOf(hash, tokens.slice(0, from)) },
    ...{ outputHash: tokensHashOf(hash, tokens.slice(from)), promptTokens, seed, startedAt: 0, endedAt: 0 },
    ...{ amount: chargeOf(manifest.payload, { promptTokens, from, to }), payee: network.idOf(by), request: bytes, dispatch: bytes },
    ...{ operatorSeq: 0, previous: new Uint8Array(), trace },
    ...changes,
  }
  return { type: 'Receipted', receipt: network.signerOf(by).sign('receipt', receipt, 0).bytes }
}

/** A public release over these bytes, signed by `operator-0`. */
export function playedManifest(network: SmallNetwork, weights: Uint8Array, changes: Partial<Manifest> = {}): Envelope<'manifest'> {
  const blob = bodyHashOf(hash, weights)
  const terms = { model: 'acme/echo@1.0', visibility: 'public', engineBuild: 'reference-1', verifyTier: 're-execution' } as const
  const prices = { pricePromptPerMillion: 1_000_000, priceAnswerPerMillion: 2_000_000 }
  const manifest = { ...terms, ...prices, weightsRoot: blob, blob, blobBytes: weights.length, ...changes }
  return network.signerOf('operator-0').sign('manifest', manifest, 0)
}
