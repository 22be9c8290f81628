import type { AnyMessage, PeerId } from '@infermesh/kernel'
import { errorEntry, fromHex, type Message, type MessageOf, SEALED_BYTES_MAX } from '@infermesh/protocol'
import { KEY_CONFIG_MEDIA } from '@infermesh/protocol/oblivious'
import type { AskPeer } from './chat-backend.ts'
import { command } from './chat-backend.ts'

/** Peers that have oblivious resources, by name; gateways with their peer ids, which relays are told. */
export interface ObliviousPeers {
  readonly relays: readonly string[]
  readonly gateways: ReadonlyMap<string, PeerId>
}

/** What becomes of a request, or `undefined` for one of another route. */
export type ObliviousApi = (request: Request) => Promise<Response> | undefined

/**
 * Oblivious HTTP (RFC 9458, and its chunked form) for any client: a gateway's keys and resource under `/gateways/<name>`, and for each relay
 * one resource for each gateway under `/relays/<relay>/<gateway>`. Seals are opened by the gateway peers, never here.
 */
export function obliviousApi(ask: AskPeer, { relays, gateways }: ObliviousPeers): ObliviousApi {
  return (request) => {
    const [, kind = '', first = '', second = ''] = new URL(request.url).pathname.split('/')
    const gateway = gateways.get(kind === 'gateways' ? first : second)
    if (gateway === undefined) return undefined
    if (kind === 'gateways' && second === 'ohttp-keys' && request.method === 'GET') return keysOf(ask, first)
    if (request.method !== 'POST') return undefined
    if (kind === 'gateways' && second === 'ohttp')
      return carry(request, (media, body) => ask(first, sealed({ type: 'Sealed', media, body })))
    if (kind !== 'relays' || !relays.includes(first)) return undefined
    return carry(request, (media, body) => ask(first, sealed({ type: 'Forward', gateway, media, body })))
  }
}

const sealed = (message: Message) => ({ stream: 'oblivious', message, timeout: ANSWER_WITHIN })

async function keysOf(ask: AskPeer, gateway: string): Promise<Response> {
  const { keys } = (await command(ask, gateway, 'keys', {})) as { readonly keys: string }
  return new Response(Uint8Array.from(fromHex(keys)), { headers: { 'content-type': KEY_CONFIG_MEDIA, 'cache-control': 'max-age=60' } })
}

async function carry(request: Request, send: (media: string, body: Uint8Array) => AsyncIterable<AnyMessage>): Promise<Response> {
  const media = request.headers.get('content-type') ?? ''
  if (!media.endsWith('-req')) return outer(415)
  const body = await bodyOf(request)
  if (body === undefined) return outer(413)
  // Who hangs up is not told onwards: the abort would show on the gateway's side which stream is whose.
  const parts = send(media, body)[Symbol.asyncIterator]()
  const first = await parts.next()
  if (first.done === true) return outer(502)
  if (first.value.type !== 'SealedPart') return refusal(first.value)
  return new Response(streamOf(first.value as MessageOf<'SealedPart'>, parts), {
    // The only fields of a response that a relay adds nothing to.
    headers: { 'content-type': media.replace(/-req$/, '-res') },
  })
}

function streamOf(first: MessageOf<'SealedPart'>, parts: AsyncIterator<AnyMessage>): ReadableStream<Uint8Array> {
  let held: AnyMessage | undefined = first
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next: AnyMessage | undefined = held ?? (await parts.next()).value
      held = undefined
      if (next === undefined) return controller.close()
      // A part that is none cuts the answer, which its reader sees by the missing final chunk.
      if (next.type !== 'SealedPart') return controller.error(new Error(`the answer broke off: ${next.type}`))
      const { data } = next as MessageOf<'SealedPart'>
      if (data.length > 0) controller.enqueue(data)
    },
  })
}

/** Outside the seal there is a status, and for a wrong key the problem type that clients know it by. */
function refusal(message: AnyMessage): Response {
  if (message.type !== 'Refused') return outer(502)
  const { code } = message as MessageOf<'Refused'>
  if (code !== 'unknown-key') return outer(errorEntry(code).status)
  const problem = { type: KEY_PROBLEM, title: 'key identifier unknown' }
  return new Response(JSON.stringify(problem), { status: 400, headers: { 'content-type': 'application/problem+json' } })
}

async function bodyOf(request: Request): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.body ?? []) {
    length += part.length
    if (length > SEALED_BYTES_MAX) return undefined
    parts.push(part)
  }
  return length === 0 ? undefined : new Uint8Array(Buffer.concat(parts))
}

const outer = (status: number): Response => new Response(null, { status })
const KEY_PROBLEM = 'https://iana.org/assignments/http-problem-types#ohttp-key'
const ANSWER_WITHIN = 120_000
