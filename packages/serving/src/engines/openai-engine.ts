import { letterTokens } from '../vocabulary.ts'
import { EngineFailure } from './engine-failure.ts'
import { messageOf } from './onnx-model.ts'
import { eventData } from './server-events.ts'

export interface OpenAiJob {
  readonly kind: 'openai'
  readonly upstream: { readonly url: string; readonly model: string }
  /** UTF-8. */
  readonly prompt: Uint8Array
  readonly maxTokens: number
  readonly seed: number
}

/** Asks any OpenAI-compatible server and hands its letters on as they come. Its tokens are its own; here each letter is one. */
export class OpenAiEngine {
  readonly #apiKey: string | undefined

  constructor(apiKey?: string) {
    this.#apiKey = apiKey
  }

  async *answer(job: OpenAiJob, signal?: AbortSignal): AsyncGenerator<readonly number[]> {
    const response = await this.#ask(job, signal)
    let left = job.maxTokens
    for await (const data of eventData(response)) {
      if (data === '[DONE]') return
      const tokens = letterTokens(textOf(data, job.upstream.url)).slice(0, left)
      left -= tokens.length
      if (tokens.length > 0) yield tokens
      if (left === 0) return
    }
  }

  async #ask({ upstream, prompt, maxTokens, seed }: OpenAiJob, signal?: AbortSignal): Promise<Response> {
    const url = `${upstream.url.replace(/\/$/, '')}/chat/completions`
    const messages = [{ role: 'user', content: new TextDecoder().decode(prompt) }]
    const body = JSON.stringify({ model: upstream.model, messages, max_tokens: maxTokens, seed, stream: true })
    const headers = {
      'content-type': 'application/json',
      ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
    }
    let response: Response
    try {
      response = await fetch(url, { method: 'POST', headers, body, ...(signal === undefined ? {} : { signal }) })
    } catch (error) {
      throw new EngineFailure('upstream-lost', `expected an answer from ${url}: ${messageOf(error)}`, { cause: error })
    }
    if (response.ok) return response
    const said = (await response.text()).slice(0, 200)
    const code = response.status >= 400 && response.status < 500 && response.status !== 429 ? 'bad-input' : 'upstream-lost'
    throw new EngineFailure(code, `${url} answered ${response.status}: ${said}`)
  }
}

/** The letters of one event. */
function textOf(data: string, url: string): string {
  const event: unknown = parsed(data, url)
  if (isRecord(event) && isRecord(event.error)) throw new EngineFailure('upstream-lost', `${url}: ${String(event.error.message)}`)
  const [choice] = isRecord(event) && Array.isArray(event.choices) ? event.choices : []
  const delta: unknown = isRecord(choice) ? choice.delta : undefined
  return isRecord(delta) && typeof delta.content === 'string' ? delta.content : ''
}

function parsed(data: string, url: string): unknown {
  try {
    return JSON.parse(data)
  } catch (error) {
    throw new EngineFailure('upstream-lost', `${url}: expected JSON events, found "${data.slice(0, 40)}"`, { cause: error })
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
