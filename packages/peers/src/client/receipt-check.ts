import type { PeerId } from '@infermesh/kernel'
import { answerHashOf, chargeOf, type Envelope, type Manifest, type PeerServices, type Request } from '@infermesh/protocol'

/** What a receipt must agree with: the request, and the answer's tokens so far. `manifest` and `operator` are checked where known. */
export interface ReceiptExpectation {
  readonly requestId: string
  readonly request: Request
  readonly prompt: Uint8Array
  readonly tokens: readonly number[]
  readonly manifest: Manifest | undefined
  readonly operator?: PeerId
}

/** Why a receipt can't be for this answer, or `undefined` when it is. The signature has been checked before. */
export function receiptFault(receipt: Envelope<'receipt'>, expected: ReceiptExpectation, services: PeerServices): string | undefined {
  const { payload, signer } = receipt
  const { request, prompt, tokens } = expected
  if (!services.directory.has(signer, 'operator') || payload.payee !== signer) return 'its signer is not an operator paid for its own work'
  if (expected.operator !== undefined && expected.operator !== signer) return 'another operator signed it'
  if (payload.requestId !== expected.requestId) return 'it is for another request'
  if (payload.bodyHash !== request.bodyHash || payload.seed !== request.seed || payload.model !== request.model)
    return 'it is for other input'
  if (payload.promptTokens !== request.promptTokens) return `it counts ${payload.promptTokens} prompt tokens, not ${request.promptTokens}`
  if (payload.from >= payload.to || payload.to > tokens.length)
    return `it covers [${payload.from}, ${payload.to}) of ${tokens.length} delivered tokens`
  const { hash } = services.crypto
  if (payload.outputHash !== answerHashOf(hash, prompt, tokens.slice(payload.from, payload.to)))
    return 'its tokens are not the delivered ones'
  if (payload.prefixHash !== answerHashOf(hash, prompt, tokens.slice(0, payload.from))) return 'it continues another answer'
  return expected.manifest === undefined ? undefined : manifestFault(receipt, expected.manifest)
}

function manifestFault({ payload }: Envelope<'receipt'>, manifest: Manifest): string | undefined {
  if (payload.weightsRoot !== manifest.weightsRoot) return 'it names other weights than the manifest'
  if (payload.engineBuild !== manifest.engineBuild) return 'it names another engine than the manifest'
  const due = chargeOf(manifest, payload)
  return payload.amount === due ? undefined : `it charges ${payload.amount}, the manifest's price is ${due}`
}
