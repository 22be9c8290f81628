import { asciiBytes, concatBytes, encodeMessage, errorEntry, framed, type Message, type MessageOf } from '@infermesh/protocol'
import { encodeContent, encodeContentEnd, encodeHttpResponse, encodeHttpResponseHead, plainResponse } from '@infermesh/protocol/oblivious'
import { textOf } from '@infermesh/serving'
import { refused } from '../../client/refusal.ts'
import { Shown } from '../../client/shown.ts'
import { utf8Bytes } from '../../client/utf8.ts'

/** Turns what a session says into the bytes that go under the seal. */
export type AnswerContent = (message: Message, last: boolean) => Uint8Array

/** Messages as they are, each after its length, but for what the client behind the seal can do nothing with. */
export const nativeContent: AnswerContent = (message) => (isIdle(message) ? NOTHING : framed(encodeMessage(message)))

/** A sign of life, or who is at work: that matters when another operator takes over, whose tokens may differ. */
const isIdle = (message: Message): boolean =>
  (message.type === 'Tokens' && message.tokens.length === 0) || (message.type === 'Working' && message.attempt === 1)

export interface ChatHead {
  readonly id: string
  readonly model: string
}

/** One chat completion, as JSON in one binary HTTP response. */
export function completionContent({ id, model }: ChatHead): AnswerContent {
  const tokens: number[] = []
  return (message, last) => {
    // What comes again comes in place of what came before.
    if (message.type === 'Tokens') tokens.splice(message.from, tokens.length, ...message.tokens)
    if (!last) return NOTHING
    if (message.type !== 'Completed') return encodeHttpResponse(failureOf(message))
    const choice = { index: 0, message: { role: 'assistant', content: textOf(tokens) }, finish_reason: message.finish }
    const usage = { completion_tokens: tokens.length }
    const body = { id, object: 'chat.completion', created: 0, model, choices: [choice], usage }
    return encodeHttpResponse(plainResponse(200, utf8Bytes(JSON.stringify(body)), [JSON_TYPE]))
  }
}

/** The same as server-sent events, each a piece of content of one started response. */
export function eventContent({ id, model }: ChatHead): AnswerContent {
  let isStarted = false
  const shown = new Shown(false)
  let isBroken = false
  const event = (delta: object, finish: string | null): Uint8Array => {
    const chunk = { id, object: 'chat.completion.chunk', created: 0, model, choices: [{ index: 0, delta, finish_reason: finish }] }
    return utf8Bytes(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  const started = (pieces: readonly Uint8Array[], last: boolean): Uint8Array => {
    const head = isStarted ? NOTHING : encodeHttpResponseHead({ status: 200, informational: [], fields: [EVENT_TYPE] })
    isStarted = true
    return concatBytes(head, ...pieces.map(encodeContent), last ? encodeContentEnd() : NOTHING)
  }
  return (message, last) => {
    if (message.type === 'Tokens' && !isBroken) {
      const showing = shown.show(message.from, message.tokens)
      isBroken = showing.state === 'broken'
      const words = showing.state === 'told' ? showing.events.flatMap((said) => (said.kind === 'tokens' ? [said.text] : [])) : []
      return words.length === 0 ? NOTHING : started([event({ content: words.join('') }, null)], last)
    }
    if (!last) return NOTHING
    if (message.type === 'Completed' && !isBroken) return started([event({}, message.finish), asciiBytes('data: [DONE]\n\n')], true)
    const failure = failureOf(isBroken ? BROKEN : message)
    if (!isStarted) return encodeHttpResponse(failure, { framing: 'indeterminate' })
    return started([concatBytes(asciiBytes('data: '), failure.content, asciiBytes('\n\n'))], true)
  }
}

function failureOf(message: Message) {
  const refused: Pick<MessageOf<'Refused'>, 'code' | 'detail'> = message.type === 'Refused'
    ? message
    : { code: 'upstream-lost', detail: 'the answer ended without a word' }
  const { status, openAiType } = errorEntry(refused.code)
  const error = { message: refused.detail, type: openAiType, param: null, code: refused.code }
  return plainResponse(status, utf8Bytes(JSON.stringify({ error })), [JSON_TYPE])
}

const NOTHING = new Uint8Array(0)
const BROKEN = refused({ code: 'answer-tampered', detail: 'an operator changed tokens that were shown already, and another makes others' })
const JSON_TYPE = ['content-type', 'application/json'] as const
const EVENT_TYPE = ['content-type', 'text/event-stream'] as const
