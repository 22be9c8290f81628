import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { AnyMessage, Millis } from '@infermesh/kernel'
import { z } from 'zod'
import type { Ask } from '../peer/host.ts'
import { CallFailed } from '../supervisor/calls.ts'
import { followLog, readLog } from '../supervisor/log-file.ts'
import { startTicksOf } from '../supervisor/proc-files.ts'
import type { PeerStats, PeerStatus } from '../supervisor/testnet-options.ts'
import { parseWithBytes, stringifyWithBytes } from './json-bytes.ts'
import { type Found, findTestnet, requireName, type TestnetState } from './state-file.ts'

/** No testnet of that name runs. The message says whether one died, and what to do. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning'
}

/** Finds a running testnet for another terminal. Throws `NotRunning`. */
export function connectTestnet(root: string, name: string): TestnetClient {
  requireName(name)
  const found = findTestnet(root, name)
  if (found.status !== 'running') throw new NotRunning(notRunning(found, root, name))
  return new TestnetClient(root, found.state)
}

/** A running testnet, as seen from another process. */
export class TestnetClient {
  readonly state: TestnetState
  readonly #root: string

  constructor(root: string, state: TestnetState) {
    this.#root = root
    this.state = state
  }

  async peers(): Promise<readonly PeerStatus[]> {
    return (await this.#json('GET', '/peers')) as PeerStatus[]
  }

  async stats(peer: string): Promise<PeerStats> {
    return (await this.#json('GET', `/peers/${encodeURIComponent(peer)}/stats`)) as PeerStats
  }

  /** Applies a fault and returns what the supervisor measured of it. */
  async fault(peer: string, kind: string, options?: unknown): Promise<Readonly<Record<string, number>>> {
    const answer = await this.#json('POST', `/peers/${encodeURIComponent(peer)}/faults`, JSON.stringify({ kind, options }))
    return measured.parse(answer).measured
  }

  /** Asks a peer's machine. Throws `CallFailed`. Leaving the loop cancels the request. */
  async *ask(peer: string, ask: Ask): AsyncGenerator<AnyMessage, undefined> {
    const response = await this.#send('POST', `/peers/${encodeURIComponent(peer)}/ask`, stringifyWithBytes(ask))
    try {
      for await (const text of createInterface({ input: response })) {
        const line = answerLine.parse(parseWithBytes(text))
        if ('end' in line) return undefined
        if ('failure' in line) throw new CallFailed(line.failure)
        yield line.answer
      }
    } finally {
      response.destroy()
    }
    throw new CallFailed({ code: 'lost', detail: 'the supervisor went away' })
  }

  /** A peer's log so far; with `follow` also what is written until the signal fires. */
  async *logs(peer: string, follow?: AbortSignal): AsyncGenerator<string, undefined> {
    const status = (await this.peers()).find(({ name }) => name === peer)
    if (!status) throw new Error(`expected the name of a peer of ${this.state.name}, got ${peer}`)
    if (follow) yield* followLog(status.log, follow)
    else yield readLog(status.log)
    return undefined
  }

  /** Stops the testnet and waits until its peers, its supervisor and its state are gone. */
  async down(timeout: Millis): Promise<void> {
    const deadline = Date.now() + timeout
    const response = await this.#send('POST', '/down')
    await Promise.race([ended(response), pause(timeout, undefined, { ref: false })])
    // The socket closes a moment before the process ends, and no event tells another process of that.
    while (this.#present() && Date.now() < deadline) await pause(10)
    if (this.#present())
      throw new Error(
        `${this.state.name} still runs after ${timeout} ms (pid ${this.state.pid}): end it with \`kill -9 ${this.state.pid}\``,
      )
  }

  #present(): boolean {
    const found = findTestnet(this.#root, this.state.name)
    if (found.status === 'running' && found.state.pid === this.state.pid && found.state.startedAt === this.state.startedAt) return true
    // The state goes just before the supervisor does. A testnet within this very process has no process to wait for.
    const { pid, startTicks } = this.state
    return pid !== process.pid && startTicks !== null && startTicksOf(pid) === startTicks
  }

  async #json(method: string, path: string, body?: string): Promise<unknown> {
    return parseWithBytes(await textOf(await this.#send(method, path, body)))
  }

  async #send(method: string, path: string, body?: string): Promise<IncomingMessage> {
    const outgoing = request({ socketPath: this.state.socket, method, path, headers: { 'content-type': 'application/json' } })
    const answered = Promise.withResolvers<IncomingMessage>()
    outgoing.on('response', answered.resolve)
    outgoing.on('error', (error) => answered.reject(new Error(unreachable(this.state), { cause: error })))
    outgoing.end(body)
    const response = await answered.promise
    if (response.statusCode === 200) return response
    throw new Error(failed.parse(JSON.parse(await textOf(response))).error)
  }
}

const measured = z.object({ measured: z.record(z.string(), z.number()) })
const failed = z.object({ error: z.string() })
const answerLine = z.union([
  z.object({ answer: z.looseObject({ type: z.string() }) }),
  z.object({ failure: z.object({ code: z.string(), detail: z.string() }) }),
  z.object({ end: z.literal(true) }),
])

/** The supervisor holds the answer open until it ends, and then breaks it off, which is no error here. */
async function ended(response: IncomingMessage): Promise<void> {
  response.on('error', () => undefined).resume()
  await new Promise<void>((resolve) => response.once('close', resolve))
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += part
  return text
}

function notRunning(found: Exclude<Found, { status: 'running' }>, root: string, name: string): string {
  const start = 'start one with `infermesh up <scenario>`'
  if (found.status === 'absent') return `no testnet named ${name} runs here: ${start}`
  return `the testnet ${name} ended without being stopped: ${found.reason}. Its logs are in ${join(root, name, 'logs')}; ${start}`
}

function unreachable({ name, pid }: TestnetState): string {
  return `the testnet ${name} (pid ${pid}) does not answer on its control socket: it may still be starting`
}
