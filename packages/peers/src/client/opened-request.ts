import type { Millis, PeerId } from '@infermesh/kernel'
import {
  bodyHashOf,
  DecodeFailed,
  type Directory,
  type Envelope,
  openAs,
  type PeerServices,
  requestIdOf,
  type SealingContext,
} from '@infermesh/protocol'
import { promptTokensOf } from './charge.ts'
import type { Refusal } from './refusal.ts'

/** A client's request that was found to be its own, with the prompt that it names. */
export interface OpenedRequest {
  readonly requestId: string
  readonly envelope: Envelope<'request'>
  readonly prompt: Uint8Array
}

export type Opened<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

export const refuseWith = (refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } => ({ ok: false, refusal })

export const contextOf = (services: PeerServices): SealingContext => ({
  networkId: services.directory.genesis.networkId,
  crypto: services.crypto,
})

/** What gateways and operators check alike: signed by a client, the prompt is the one it hashed and counted, and the deadline is ahead. */
export function openRequest(raw: Uint8Array, prompt: Uint8Array, services: PeerServices, now: Millis): Opened<OpenedRequest> {
  const opened = openNested('request', raw, services)
  if (!opened.ok) return opened
  const envelope = opened.value
  const { payload, signer } = envelope
  const { hash } = services.crypto
  if (!mayAsk(services.directory, signer)) return badRequest(`expected a client's signature, found ${signer}`)
  const bodyHash = bodyHashOf(hash, prompt)
  if (bodyHash !== payload.bodyHash) return badRequest(`expected a prompt with hash ${payload.bodyHash}, found ${bodyHash}`)
  const promptTokens = promptTokensOf(prompt)
  if (promptTokens !== payload.promptTokens) return badRequest(`expected ${promptTokens} prompt tokens, found ${payload.promptTokens}`)
  if (payload.maxTokens === 0) return badRequest('expected at least 1 answer token, found 0')
  if (payload.deadline <= now)
    return refuseWith({ code: 'deadline-passed', detail: `the deadline passed ${now - payload.deadline} ms ago` })
  return { ok: true, value: { requestId: requestIdOf(hash, signer, payload), envelope, prompt } }
}

/** A gateway asks too: for those whose requests came to it sealed, and whose names it does not know. It pays for them. */
const mayAsk = (directory: Directory, peer: PeerId): boolean => directory.has(peer, 'client') || directory.has(peer, 'gateway')

/** Opens an envelope that another peer nested in a message; what does not open is that peer's fault. */
export function openNested<K extends 'request' | 'dispatch' | 'receipt' | 'manifest' | 'tokenOrder'>(
  type: K,
  raw: Uint8Array,
  services: PeerServices,
): Opened<Envelope<K>> {
  try {
    return { ok: true, value: openAs(type, raw, contextOf(services)) }
  } catch (failure) {
    if (failure instanceof DecodeFailed) return badRequest(failure.message)
    throw failure
  }
}

const badRequest = (detail: string): Opened<never> => refuseWith({ code: 'bad-request', detail })
