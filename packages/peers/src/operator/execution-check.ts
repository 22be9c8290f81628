import type { Millis, PeerId } from '@infermesh/kernel'
import type { Dispatch, Manifest, MessageOf, PeerServices } from '@infermesh/protocol'
import { tooDear } from '../client/charge.ts'
import { type Opened, type OpenedRequest, openNested, openRequest, refuseWith } from '../client/opened-request.ts'
import type { Execution } from './execution.ts'

/** What a gateway wants done, with the tokens that it brings. */
export type Attempt = Pick<Execution, 'opened' | 'dispatch'> & { readonly tokens: readonly number[] }

/** Opens what a gateway sent: a client's request, and the gateway's own dispatch of it to this operator. */
export function openExecution(
  message: MessageOf<'Execute'>,
  call: { readonly id: string; readonly from: PeerId },
  services: PeerServices,
  now: Millis,
): Opened<Attempt> {
  const request = openRequest(message.request, message.prompt, services, now)
  if (!request.ok) return request
  const dispatch = openNested('dispatch', message.dispatch, services)
  if (!dispatch.ok) return dispatch
  const { signer, payload } = dispatch.value
  if (!services.directory.has(signer, 'gateway') || signer !== call.from) {
    return refuseWith({ code: 'not-authorized', detail: `expected a dispatch signed by the gateway that sends it, found one by ${signer}` })
  }
  const fault = dispatchFault(payload, message.prefix.length, request.value, services)
  if (fault !== undefined) return refuseWith({ code: 'bad-request', detail: fault })
  return { ok: true, value: { opened: request.value, dispatch: dispatch.value, tokens: message.prefix } }
}

function dispatchFault(
  dispatch: Dispatch,
  prefix: number,
  request: OpenedRequest,
  { identity, directory }: PeerServices,
): string | undefined {
  const { payload } = request.envelope
  if (dispatch.requestId !== request.requestId) return 'the dispatch is for another request'
  if (dispatch.operator !== identity.peerId) return `the dispatch is for ${directory.nameOf(dispatch.operator)}`
  if (dispatch.model !== payload.model) return `the dispatch is for ${dispatch.model}, the request for ${payload.model}`
  if (dispatch.from !== prefix) return `expected ${dispatch.from} tokens before this attempt, found ${prefix}`
  return prefix > payload.maxTokens ? `expected at most ${payload.maxTokens} tokens, found a prefix of ${prefix}` : undefined
}

/** What depends on the model: its price and this node's room. */
export function fits(manifest: Manifest, request: OpenedRequest, contextTokens: number, services: PeerServices): Opened<undefined> {
  const { promptTokens, maxTokens } = request.envelope.payload
  if (promptTokens + maxTokens > contextTokens) {
    const detail = `${promptTokens} prompt and ${maxTokens} answer tokens are more than the ${contextTokens} that fit on this node`
    return refuseWith({ code: 'prompt-too-long', detail })
  }
  const refusal = tooDear(manifest, request.envelope.payload, services.directory.genesis.parameters.serving)
  return refusal === undefined ? { ok: true, value: undefined } : refuseWith(refusal)
}
