import type { Amount, Millis } from '@infermesh/kernel'
import type { SealedQuestion } from '@infermesh/protocol'
import { fieldOf, type HttpRequest } from '@infermesh/protocol/oblivious'
import { utf8Bytes } from '../../client/utf8.ts'
import { utf8Text } from './utf8-text.ts'

/** What was asked under a seal, in whichever form it came. */
export interface Question
  extends Pick<SealedQuestion, 'kind' | 'nonce' | 'model' | 'prompt' | 'maxTokens' | 'seed' | 'deadline' | 'payment'> {
  readonly maxCharge: Amount
  /** Whether an HTTP answer is to come as server-sent events. */
  readonly isStream: boolean
}

export type Read = { readonly ok: true; readonly question: Question } | { readonly ok: false; readonly detail: string }

export interface HttpDefaults {
  readonly nonce: string
  readonly seed: number
  readonly deadline: Millis
  readonly maxCharge: Amount
}

/** An OpenAI chat request in binary HTTP. Fields that say who asks (`user`, `metadata`) are not looked at. */
export function chatQuestion(request: HttpRequest, defaults: HttpDefaults): Read {
  if (request.method !== 'POST' || request.path !== CHAT_PATH)
    return bad(`expected POST ${CHAT_PATH}, found ${request.method} ${request.path}`)
  if (fieldOf(request.fields, 'expect') !== undefined) return bad('an oblivious request may not wait for 100 Continue')
  const body = objectOf(utf8Text(request.content) ?? '')
  if (body === undefined) return bad('expected a JSON object')
  const { model, messages, max_tokens: short, max_completion_tokens: long, seed, stream } = body
  if (typeof model !== 'string' || model.length > 128) return bad('expected model, a text')
  const prompt = promptOf(messages)
  if (prompt === undefined) return bad('expected messages, a list of role and content')
  const maxTokens = long ?? short ?? DEFAULT_TOKENS
  if (!isCount(maxTokens, 1, TOKENS_MAX)) return bad(`expected max_tokens from 1 to ${TOKENS_MAX}`)
  if (seed !== undefined && !isCount(seed, 0, Number.MAX_SAFE_INTEGER)) return bad('expected seed, a whole number')
  return {
    ok: true,
    question: {
      ...defaults,
      ...{ kind: 'ask', model, prompt: utf8Bytes(prompt), maxTokens, seed: seed ?? defaults.seed, isStream: stream === true },
      payment: tokensOf(fieldOf(request.fields, 'authorization')),
    },
  }
}

function promptOf(messages: unknown): string | undefined {
  if (!Array.isArray(messages) || messages.length === 0) return undefined
  const lines = messages.map((message: unknown) => {
    const { role, content } = typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {}
    return typeof role === 'string' && typeof content === 'string' ? `${role}: ${content}` : undefined
  })
  return lines.includes(undefined) ? undefined : lines.join('\n')
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch (failure) {
    if (failure instanceof SyntaxError) return undefined
    throw failure
  }
}

/** `PrivateToken token=…` (RFC 9577 §2.2), repeated for several tokens. What is no base64url is no token, and refused as payment. */
function tokensOf(authorization: string | undefined): readonly Uint8Array[] {
  const matches = (authorization ?? '').matchAll(/PrivateToken token="?([A-Za-z0-9_-]+)=*"?/g)
  return [...matches].slice(0, PAYMENT_MAX).map(([, text = '']) => base64UrlBytes(text))
}

function base64UrlBytes(text: string): Uint8Array {
  const bytes: number[] = []
  let held = 0
  let bits = 0
  for (const letter of text) {
    held = ((held << 6) | ALPHABET.indexOf(letter)) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 0xff)
  }
  return Uint8Array.from(bytes)
}

const isCount = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
const bad = (detail: string): Read => ({ ok: false, detail })
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CHAT_PATH = '/v1/chat/completions'
const DEFAULT_TOKENS = 256
const TOKENS_MAX = 1 << 20
const PAYMENT_MAX = 64
