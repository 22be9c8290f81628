import { z } from 'zod'
import type { ApiError, ChatRequest } from './backend.ts'

/** The checked body of a chat completion, in OpenAI's own names. */
export type ChatBody = z.infer<typeof chatBody>

const textPart = z.looseObject({ type: z.literal('text', 'expected a part of type "text": these models read text only'), text: z.string() })

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(textPart)]).nullish(),
})

const chatBody = z.looseObject({
  model: z.string().min(1),
  messages: z.array(message).min(1).max(10_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  user: z.string().nullish(),
  n: z.literal(1, 'expected 1: one answer a request').nullish(),
})

/** Checks a body, or says which field is wrong. */
export function parseChatBody(
  json: unknown,
): { readonly ok: true; readonly body: ChatBody } | { readonly ok: false; readonly error: ApiError } {
  const parsed = chatBody.safeParse(json)
  if (parsed.success) return { ok: true, body: parsed.data }
  const issue = deepest(parsed.error.issues[0])
  const param = issue.path.join('.')
  const message = `${param === '' ? 'body' : param}: ${issue.message}`
  return { ok: false, error: { status: 400, type: 'invalid_request_error', code: 'invalid_value', message, param } }
}

/** The request a backend sees. `rest` is what does not come from the body. */
export function chatRequest(body: ChatBody, rest: Pick<ChatRequest, 'requestId' | 'apiKey' | 'traceparent'>): ChatRequest {
  const { model, messages, max_tokens, max_completion_tokens, temperature, top_p, seed, stop, user, n: _one, ...others } = body
  const { stream, stream_options: _options, ...extra } = others
  const optional = {
    maxTokens: max_completion_tokens ?? max_tokens,
    temperature,
    topP: top_p,
    seed,
    stop: typeof stop === 'string' ? [stop] : stop,
    user,
    stream,
  }
  return {
    ...rest,
    ...present(optional),
    model,
    messages: messages.map(({ role, content }) => ({ role, content: textOf(content) })),
    extra,
  }
}

function textOf(content: ChatBody['messages'][number]['content']): string {
  if (content === null || content === undefined) return ''
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('')
}

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> }

/** Without the fields that are null or undefined: OpenAI's clients send null for "not set". */
function present<T extends Record<string, unknown>>(fields: T): Present<T> {
  const set = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(set) as Present<T>
}

type Issue = z.core.$ZodIssue

/** A union's own issue says only that nothing fitted; the branch that got furthest says where. */
function deepest(issue: Issue | undefined): { readonly path: readonly PropertyKey[]; readonly message: string } {
  if (issue === undefined) return { path: [], message: 'expected a chat completion request' }
  if (issue.code !== 'invalid_union') return issue
  const branches = issue.errors.map((errors) => deepest(errors[0]))
  const [furthest] = branches.toSorted((a, b) => b.path.length - a.path.length)
  return furthest ? { path: [...issue.path, ...furthest.path], message: furthest.message } : issue
}
