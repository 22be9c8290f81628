import type { Amount } from '@infermesh/kernel'
import type { NetworkRecord } from '@infermesh/scenario'

/** What was really so of one sealed request. No observer is shown it: guesses are judged by it. */
export interface Truth {
  readonly sealed: string
  readonly requestId: string
  /** The client's name in the scenario. */
  readonly client: string
  readonly model: string
  readonly promptTokens: number
  /** Of the answer. */
  readonly tokens: number
  /** Coins that operators charged. */
  readonly charged: Amount
}

/** By sealed bytes. Cover, and requests that got no answer, are no facts to be guessed. */
export function truthOf(records: readonly NetworkRecord[]): ReadonlyMap<string, Truth> {
  const sealedOf = new Map<string, string>()
  const asked = new Map<string, { readonly client: string; readonly model: string; readonly promptTokens: number }>()
  const charged = new Map<string, Amount>()
  const truths = new Map<string, Truth>()
  for (const { event, peer } of records) {
    if (event.type === 'requestSent') asked.set(event.requestId, { client: peer, model: event.model, promptTokens: event.promptTokens })
    if (event.type === 'sealedSent' && event.requestId !== undefined) sealedOf.set(event.requestId, event.sealed)
    if (event.type === 'receiptIssued') charged.set(event.requestId, (charged.get(event.requestId) ?? 0) + event.amount)
    if (event.type !== 'requestEnded' || event.outcome !== 'ok') continue
    const [sealed, request] = [sealedOf.get(event.requestId), asked.get(event.requestId)]
    if (sealed === undefined || request === undefined) continue
    const { requestId, tokens } = event
    truths.set(sealed, { sealed, requestId, ...request, tokens, charged: charged.get(requestId) ?? 0 })
  }
  return truths
}
