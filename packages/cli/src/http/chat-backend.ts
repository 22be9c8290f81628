import type { AnyMessage } from '@infermesh/kernel'
import { errorEntry, type MessageOf } from '@infermesh/protocol'
import { textOf } from '@infermesh/serving'
import type { ApiError, Ask, ChatBackend, ChatRequest, CompletionEvent } from '@infermesh/testnet'
import { modelList, type SubmitEvent, submitEvent } from './submit-events.ts'

/** Asks a peer's machine and yields its answers; the signal cancels. */
export type AskPeer = (peer: string, ask: Ask, signal?: AbortSignal) => AsyncIterable<AnyMessage>

export interface BackendPeers {
  /** A client peer of its own, which signs what HTTP callers ask. */
  readonly client: string
  readonly gateway: string
}

const DEFAULT_MAX_TOKENS = 256

/** OpenAI's routes, answered by a client peer of the network. */
export const chatBackend = (ask: AskPeer, peers: BackendPeers): ChatBackend => ({
  async models() {
    const models = modelList.parse(await command(ask, peers.gateway, 'models', {}))
    return models.map((model) => ({
      id: model.id,
      created: 0,
      ownedBy: model.owner,
      details: { visibility: model.visibility, operators: model.operators, state: model.state },
    }))
  },
  async *complete(request, signal) {
    const argument = JSON.stringify({
      model: request.model,
      prompt: promptOf(request),
      maxTokens: request.maxTokens ?? DEFAULT_MAX_TOKENS,
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(request.traceparent === undefined ? {} : { trace: request.traceparent }),
      ...sessionOf(request),
      stream: request.stream === true,
    })
    const message = { type: 'Command', name: 'submit', argument } as AnyMessage
    const answers = ask(peers.client, { stream: 'control', message }, signal)
    yield* request.stream === true ? streamed(answers) : whole(answers)
  },
})

/** The extra field `infermesh: { session: { id, turn, last, pause, expectMs, sigma, publicTokens } }` of a body, as it is: the client peer checks it. */
function sessionOf({ extra }: ChatRequest): { readonly session?: unknown } {
  const { infermesh } = extra
  return typeof infermesh === 'object' && infermesh !== null && 'session' in infermesh ? { session: infermesh.session } : {}
}

/** The messages as one text: role and content, line by line, as a chat template would have it. */
const promptOf = ({ messages }: ChatRequest): string => messages.map(({ role, content }) => `${role}: ${content}`).join('\n')

/** Words as they come. The client peer was told so: it fails rather than take one back. */
async function* streamed(answers: AsyncIterable<AnyMessage>): AsyncGenerator<CompletionEvent> {
  for await (const answer of answers) {
    const event = submitEventOf(answer)
    if ('error' in event) yield { type: 'error', error: event.error }
    else if (event.kind === 'tokens') yield { type: 'text', text: event.text }
    else if (event.kind === 'ended') yield endOf(event)
  }
}

/** All words at the end, when none is taken back any more. */
async function* whole(answers: AsyncIterable<AnyMessage>): AsyncGenerator<CompletionEvent> {
  const tokens: number[] = []
  for await (const answer of answers) {
    const event = submitEventOf(answer)
    if ('error' in event) yield { type: 'error', error: event.error }
    else if (event.kind === 'tokens') tokens.push(...event.tokens)
    else if (event.kind === 'takenBack') tokens.length = event.from
    else if (event.kind === 'ended') yield* [{ type: 'text', text: textOf(tokens) } as const, endOf(event)]
  }
}

function submitEventOf(answer: AnyMessage): SubmitEvent | { readonly error: ApiError } {
  if (answer.type !== 'Refused') return submitEvent.parse(JSON.parse((answer as MessageOf<'CommandDone'>).result))
  const { code, detail } = answer as MessageOf<'Refused'>
  return { error: apiError(code, detail) }
}

function endOf(event: Extract<SubmitEvent, { readonly kind: 'ended' }>): CompletionEvent {
  if (event.outcome !== 'ok')
    return { type: 'error', error: apiError(event.code ?? 'upstream-lost', event.detail ?? 'the request was cancelled') }
  const receiptId = event.receipts.at(-1)
  const { promptTokens, answerTokens } = event.usage
  return {
    type: 'done',
    finishReason: event.finish ?? 'length',
    usage: { promptTokens, completionTokens: answerTokens },
    ...(receiptId === undefined ? {} : { receiptId }),
  }
}

function apiError(code: string, detail: string): ApiError {
  const { status, openAiType } = errorEntry(code)
  return { status: status as ApiError['status'], code, type: openAiType, message: detail }
}

/** A command's single answer. */
export async function command(ask: AskPeer, peer: string, name: string, argument: unknown): Promise<unknown> {
  const message = { type: 'Command', name, argument: JSON.stringify(argument) } as AnyMessage
  for await (const answer of ask(peer, { stream: 'control', message, timeout: 10_000 })) {
    if (answer.type === 'CommandDone') return JSON.parse((answer as MessageOf<'CommandDone'>).result)
    const { code, detail } = answer as MessageOf<'Refused'>
    throw new Error(`${peer} refused ${name}: ${code}: ${detail}`)
  }
  throw new Error(`${peer} gave no answer to ${name}`)
}
