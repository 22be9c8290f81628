import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyMessage, Millis } from '@infermesh/kernel'
import type { Message } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import type { Action, Arrival, NetworkRecord } from '@infermesh/scenario'
import type { Testnet } from '@infermesh/testnet'
import { type PeerStep, peerStepsOf } from '../faults/peer-steps.ts'
import { fetchLog } from './fetch-log.ts'
import { startPlan } from './process-testnet.ts'
import { submission, turnAfter } from './turns.ts'
import { RunAborted, type RunOrder, type WorldEnd } from './world.ts'

const ASK_TIMEOUT: Millis = 10_000
/** A quiet network is looked at this often, and must have been quiet for this long. */
const LOOK_EVERY: Millis = 100
const QUIET_FOR: Millis = 1_000

/** Peers as operating-system processes over TCP, in real time. */
export async function runInProcesses(order: RunOrder): Promise<WorldEnd> {
  const deaths: string[] = []
  const testnet = await startPlan(order.plan, {
    folder: order.folder,
    onRecord: (record) => order.onRecord(record as NetworkRecord),
    onUnexpectedExit: ({ peers, detail, log }) => deaths.push(`${peers.join(', ')} ended by itself: ${detail.split('\n')[0]} (see ${log})`),
  })
  const abort = (): void => void testnet.killAll()
  order.signal.addEventListener('abort', abort, { once: true })
  try {
    const origin = testnet.now()
    order.say(`${order.plan.peers.length} peers meshed after ${(origin / 1_000).toFixed(1)} s`)
    if (Object.keys(order.scenario.network).length > 0)
      order.say('links are those of this machine: the scenario’s network is modelled in the stack and message worlds')
    const run = new Timeline(order, testnet, origin)
    await run.play()
    await run.untilQuiet()
    const log = await fetchLog(settlersOf(order), (settler, message) => ask(testnet, settler, message), {
      networkId: order.plan.genesis.networkId,
      crypto: nodeCryptography,
    })
    const virtualMs = Math.round(testnet.now())
    await testnet.stopAll()
    return {
      virtualMs,
      log,
      further: [
        ...run.faultChecks(),
        { name: 'no peer ended by itself', held: deaths.length === 0, expected: 'none', actual: deaths.join('; ') || 'none' },
      ],
    }
  } finally {
    order.signal.removeEventListener('abort', abort)
    await testnet.killAll()
  }
}

const settlersOf = (order: RunOrder): readonly string[] =>
  order.plan.peers.filter((peer) => peer.role === 'settler').map((peer) => peer.name)

async function ask(testnet: Testnet, peer: string, message: Message): Promise<AnyMessage> {
  for await (const answer of testnet.ask(peer, { stream: 'fetch', message, timeout: ASK_TIMEOUT })) return answer
  throw new Error(`${peer} gave no answer to ${message.type}`)
}

/** Does what the timeline says, when it says it, and proves that faults acted. */
class Timeline {
  readonly #order: RunOrder
  readonly #testnet: Testnet
  readonly #origin: Millis
  readonly #faults: { readonly name: string; readonly failure: string | undefined }[] = []
  readonly #running = new Set<Promise<void>>()

  constructor(order: RunOrder, testnet: Testnet, origin: Millis) {
    this.#order = order
    this.#testnet = testnet
    this.#origin = origin
  }

  #now(): Millis {
    return this.#testnet.now() - this.#origin
  }

  async play(): Promise<void> {
    for (const action of this.#order.timeline) {
      const wait = action.at - this.#now()
      if (wait > 0) await sleep(wait, undefined, { signal: this.#order.signal }).catch(aborted)
      this.#keep(this.#perform(action))
    }
  }

  #keep(work: Promise<void>): void {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  async #perform(action: Action): Promise<void> {
    if (action.type === 'submit') return await this.#submit(action.arrival)
    for (const { kind, peer } of peerStepsOf(action)) await this.#step(kind, peer, action.at)
  }

  async #step(kind: PeerStep['kind'], peer: string, at: Millis): Promise<void> {
    const name = `${kind} ${peer} at ${at} ms`
    this.#order.say(`${(this.#now() / 1_000).toFixed(1)} s  ${kind} ${peer}`)
    try {
      await this.#fault(kind, peer)
      this.#faults.push({ name, failure: undefined })
    } catch (error) {
      this.#faults.push({ name, failure: error instanceof Error ? error.message : String(error) })
    }
  }

  async #fault(kind: PeerStep['kind'], peer: string): Promise<void> {
    switch (kind) {
      case 'crash':
        return await this.#testnet.crash(peer)
      case 'restart':
        return await this.#testnet.restart(peer)
      case 'pause':
        return await this.#testnet.pause(peer)
      case 'resume':
        return this.#testnet.resume(peer)
    }
  }

  /** A request, and after its end the later turns of its conversation, one by one. */
  async #submit(first: Arrival): Promise<void> {
    if (first.next !== undefined) this.#order.observer.owe(1)
    for (let turn: Arrival | undefined = first; turn !== undefined; turn = turnAfter(turn, this.#now())) {
      if (turn !== first) await sleep(turn.at - this.#now(), undefined, { signal: this.#order.signal }).catch(aborted)
      await this.#ask(turn)
    }
    if (first.next !== undefined) this.#order.observer.owe(-1)
  }

  async #ask(arrival: Arrival): Promise<void> {
    const { client } = arrival
    const message = submission(arrival)
    try {
      for await (const _answer of this.#testnet.ask(client, { stream: 'control', message })) {
        // The trace tells how it went; the answers are for local callers.
      }
    } catch (error) {
      if (!this.#order.signal.aborted) this.#order.say(`${client}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Until everything asked for is answered and settled, or the run's end. */
  async untilQuiet(): Promise<void> {
    let quietSince: Millis | undefined
    while (this.#now() < this.#order.end) {
      const now = this.#now()
      quietSince = this.#order.observer.quiet() ? (quietSince ?? now) : undefined
      if (quietSince !== undefined && now - quietSince >= QUIET_FOR) return
      await sleep(LOOK_EVERY, undefined, { signal: this.#order.signal }).catch(aborted)
    }
  }

  faultChecks(): { readonly name: string; readonly held: boolean; readonly expected: string; readonly actual: string }[] {
    return this.#faults.map(({ name, failure }) => ({
      name: `fault acted: ${name}`,
      held: failure === undefined,
      expected: 'it acts',
      actual: failure ?? 'it did',
    }))
  }
}

const aborted = (): never => {
  throw new RunAborted('interrupted')
}
