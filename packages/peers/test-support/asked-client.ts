import { type Envelope, type Message, type MessageOf, openAs, type PeerEffect, type Receipt } from '@infermesh/protocol'
import type { AnswerEvent } from '../src/client/answer-events.ts'
import { createClient } from '../src/client/client.ts'
import type { ClientConfig } from '../src/client/client-config.ts'
import { nodeCryptography } from './cryptography.ts'
import { HandDriven } from './hand-driven.ts'
import { playedManifest, playedReceipt } from './played-requests.ts'
import { smallNetwork } from './small-network.ts'

/** A client by itself: a test plays the gateways that it asks. */

export const network = smallNetwork({ client: 1, gateway: 2, operator: 2 })
export const manifest = playedManifest(network, Uint8Array.of(1, 2, 3))
export const submit = { model: 'acme/echo@1.0', prompt: 'Grüße', maxTokens: 20 }
const gateways = ['gateway-0', 'gateway-1'].map(network.idOf)
const context = { networkId: network.genesis.networkId, crypto: nodeCryptography }

export const newClient = (config: Partial<ClientConfig> = {}): HandDriven =>
  new HandDriven(createClient({ gateways, ...config }, network.servicesOf('client-0')))

export const command = (argument: object): Message => ({ type: 'Command', name: 'submit', argument: JSON.stringify(argument) })

export interface AskedClient {
  readonly client: HandDriven
  readonly heard: () => readonly AnswerEvent[]
}

export function asked(argument: object = submit, config: Partial<ClientConfig> = {}): AskedClient {
  const client = newClient(config)
  const id = client.ask('local', command(argument))
  return { client, heard: () => heardBy(client, id) }
}

export const heardBy = (client: HandDriven, id: string): readonly AnswerEvent[] =>
  client.answersTo(id).map((message) => JSON.parse(message.type === 'CommandDone' ? message.result : 'null'))

type Call = Extract<PeerEffect, { readonly type: 'request' }>

const callsOn = (client: HandDriven, stream: string): readonly Call[] => client.calls().filter((call) => call.stream === stream)
export const infers = (client: HandDriven): readonly Call[] => callsOn(client, 'infer')

/** Speaks as the gateway that was asked last. */
export function answer(client: HandDriven, message: Message, { stream = 'infer', last = false } = {}): void {
  client.handle({ type: 'response', callId: callsOn(client, stream).at(-1)?.callId ?? '', message, last })
}

export function lose(client: HandDriven): void {
  client.handle({ type: 'failed', callId: infers(client).at(-1)?.callId ?? '', failure: { code: 'lost', detail: 'gone' } })
}

export function envelopeOf(client: HandDriven): Envelope<'request'> {
  const message = infers(client)[0]?.message
  if (message?.type !== 'Infer') throw new Error('the client has not asked yet')
  return openAs('request', message.request, context)
}

/** A receipt by `operator-0` over the first tokens of the answer. */
export const receipt = (client: HandDriven, tokens: readonly number[], changes: Partial<Receipt> = {}): MessageOf<'Receipted'> =>
  playedReceipt(network, { request: envelopeOf(client), manifest, tokens, changes })

export const completed = (tokens: number): Message => ({
  type: 'Completed',
  ...{ tokens, finish: 'length', epoch: 0, endedAt: 0, resumed: false },
})
export const refusal = (code: string): Message => ({ type: 'Refused', code, detail: code, retryAfter: undefined })
export const working = (name: string, attempt = 1): Message => ({ type: 'Working', operator: network.idOf(name), attempt })

/** What stands in the end, after all that was taken back. */
export function lastTokensOf(heard: readonly AnswerEvent[]): readonly number[] {
  const tokens: number[] = []
  for (const event of heard) {
    if (event.kind === 'takenBack') tokens.length = event.from
    if (event.kind === 'tokens') tokens.push(...event.tokens)
  }
  return tokens
}
