import type { Amount } from '@infermesh/kernel'
import { chargeOf, type Manifest, type Parameters, type Request, saltLengthOf } from '@infermesh/protocol'
import type { Refusal } from './refusal.ts'

const bytesPerToken = 4

/** What a prompt costs in tokens: its UTF-8 bytes over four, rounded up; a salt is free. Client, gateway and operator must agree on it. */
export const promptTokensOf = (prompt: Uint8Array): number => Math.ceil((prompt.length - saltLengthOf(prompt)) / bytesPerToken)

type Prices = Pick<Manifest, 'pricePromptPerMillion' | 'priceAnswerPerMillion'>

/** The most that a request's receipts can add up to, in coins: each stretch rounds up, and each retry may cut one stretch in two. */
export function highestCharge(
  prices: Prices,
  request: Pick<Request, 'promptTokens' | 'maxTokens'>,
  serving: Parameters['serving'],
): Amount {
  const whole = chargeOf(prices, { promptTokens: request.promptTokens, from: 0, to: request.maxTokens })
  const stretches = Math.ceil(request.maxTokens / serving.receiptTokens) + serving.attempts - 1
  return whole + stretches
}

/** Whether the client signed too little for the longest answer that it asks for. */
export function tooDear(prices: Prices, request: Request, serving: Parameters['serving']): Refusal | undefined {
  const highest = highestCharge(prices, request, serving)
  if (highest <= request.maxCharge) return undefined
  return { code: 'charge-above-max', detail: `the longest answer costs up to ${highest}, the client signed at most ${request.maxCharge}` }
}
