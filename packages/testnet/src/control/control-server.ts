import { chmodSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { CallFailed } from '../supervisor/calls.ts'
import type { Testnet } from '../supervisor/testnet.ts'
import type { FaultTable } from './faults.ts'
import { parseWithBytes, stringifyWithBytes } from './json-bytes.ts'

export interface ControlOptions {
  readonly socket: string
  readonly testnet: Testnet
  readonly faults: FaultTable
  /** Begins the shutdown. The answer to `down` stays open until the server closes. */
  readonly onDown: () => void
}

export interface ControlServer {
  close(): Promise<void>
}

/** Serves a testnet's control routes on a unix-domain socket that only its owner may open. */
export async function serveControl(options: ControlOptions): Promise<ControlServer> {
  const app = controlApp(options)
  const server = createAdaptorServer({ fetch: (request) => app.fetch(request), createServer, overrideGlobalObjects: false })
  // Left by a killed supervisor; the claim on the name says that nobody listens there.
  rmSync(options.socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.socket, resolve)
  })
  chmodSync(options.socket, 0o600)
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
  return { close }
}

function controlApp({ testnet, faults, onDown }: ControlOptions): Hono {
  const app = new Hono()
  app.get('/peers', (context) => context.json(testnet.peers()))
  app.get('/peers/:name/stats', async (context) => context.json(await testnet.stats(context.req.param('name'))))
  app.post('/peers/:name/faults', async (context) => {
    const { kind, options } = faultBody.parse(await context.req.json())
    const apply = Object.hasOwn(faults, kind) ? faults[kind] : undefined
    if (!apply) throw new Error(`expected one of the faults ${Object.keys(faults).join(', ')}; got ${kind}`)
    return context.json({ measured: await apply(context.req.param('name'), options ?? {}) })
  })
  app.post('/peers/:name/ask', async (context) => {
    const ask = askBody.parse(parseWithBytes(await context.req.text()))
    return ndjson(context, testnet.ask(context.req.param('name'), ask, context.req.raw.signal))
  })
  app.post('/down', (context) => {
    onDown()
    return context.body(new ReadableStream({ start: (controller) => controller.enqueue(encoder.encode('stopping\n')) }))
  })
  app.onError((error, context) => context.json({ error: error instanceof z.ZodError ? z.prettifyError(error) : error.message }, 400))
  return app
}

const faultBody = z.object({ kind: z.string(), options: z.unknown().optional() })
const askBody = z.object({
  stream: z.string(),
  message: z.looseObject({ type: z.string() }),
  timeout: z.int().min(1).exactOptional(),
})

/** One line a message, then `{"end":true}` or `{"failure":…}`: a connection that breaks is told from an answer that ends. */
function ndjson(context: Context, answers: AsyncIterableIterator<unknown>): Response {
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const line = await answers.next().then(
        (step) => (step.done ? { end: true } : { answer: step.value }),
        (error: unknown) => ({ failure: failureOf(error) }),
      )
      controller.enqueue(encoder.encode(`${stringifyWithBytes(line)}\n`))
      if (!('answer' in line)) controller.close()
    },
    cancel: async () => {
      await answers.return?.()
    },
  })
  return context.body(body)
}

function failureOf(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof CallFailed) return { code: error.code, detail: error.message }
  return { code: 'unknown', detail: error instanceof Error ? error.message : String(error) }
}

const encoder = new TextEncoder()
