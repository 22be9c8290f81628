import { setTimeout as sleep } from 'node:timers/promises'
import type { Millis } from '@infermesh/kernel'
import { type Action, type Arrival, commandText, faultText, type RunCheck, type ScenarioFault } from '@infermesh/scenario'
import type { Testnet } from '@infermesh/testnet'
import type { ProcessFaults } from '../faults/process-faults.ts'
import { commanded, submission, turnAfter } from './turns.ts'
import { RunAborted, type RunOrder } from './world.ts'

/** A quiet network is looked at this often, and must have been quiet for this long. */
const LOOK_EVERY: Millis = 100
const QUIET_FOR: Millis = 1_000
/** A link is measured so long before its fault. */
const LEAD: Millis = 500

export interface TimelineInit {
  readonly order: RunOrder
  readonly testnet: Testnet
  /** When the run's own time began, on the testnet's clock. */
  readonly origin: Millis
  readonly faults: ProcessFaults
}

/** Does to a testnet what the timeline says, when it says it. */
export class ProcessTimeline {
  readonly #init: TimelineInit
  readonly #troubles: RunCheck[] = []

  constructor(init: TimelineInit) {
    this.#init = init
  }

  #now(): Millis {
    return this.#init.testnet.now() - this.#init.origin
  }

  async play(): Promise<void> {
    const { timeline, signal } = this.#init.order
    for (const action of timeline) if (action.type === 'apply') this.#prepare(action.fault).catch(() => undefined)
    for (const action of timeline) {
      const wait = action.at - this.#now()
      if (wait > 0) await sleep(wait, undefined, { signal }).catch(aborted)
      // What one action takes must not hold up the next. Only an abort ends it early, which ends this loop too.
      this.#perform(action).catch(() => undefined)
    }
  }

  async #perform(action: Action): Promise<void> {
    if (action.type === 'submit') await this.#submit(action.arrival)
    else if (action.type === 'command') {
      this.#init.order.say(`${(this.#now() / 1_000).toFixed(1)} s  ${commandText(action.command)}`)
      await this.#ask(action.command.peer, commanded(action.command))
    } else await this.#fault(action)
  }

  async #prepare(fault: ScenarioFault): Promise<void> {
    const wait = fault.at - LEAD - this.#now()
    if (wait > 0) await sleep(wait, undefined, { signal: this.#init.order.signal })
    await this.#init.faults.prepare(fault)
  }

  async #fault({ type, fault }: Extract<Action, { readonly type: 'apply' | 'heal' }>): Promise<void> {
    const { order, faults } = this.#init
    const word = type === 'heal' ? 'healed: ' : ''
    order.say(`${(this.#now() / 1_000).toFixed(1)} s  ${word}${faultText(fault)}`)
    try {
      await faults[type](fault)
    } catch (error) {
      const name = `${type} ${faultText(fault)} at ${fault.at} ms`
      this.#troubles.push({ name, held: false, expected: 'it works', actual: error instanceof Error ? error.message : String(error) })
    }
  }

  /** A request, and after its end the later turns of its conversation, one by one. */
  async #submit(first: Arrival): Promise<void> {
    const { observer, signal } = this.#init.order
    if (first.next !== undefined) observer.owe(1)
    for (let turn: Arrival | undefined = first; turn !== undefined; turn = turnAfter(turn, this.#now())) {
      if (turn !== first) await sleep(turn.at - this.#now(), undefined, { signal }).catch(aborted)
      await this.#ask(turn.client, { stream: 'control', message: submission(turn) })
    }
    if (first.next !== undefined) observer.owe(-1)
  }

  async #ask(peer: string, call: Parameters<Testnet['ask']>[1]): Promise<void> {
    const { order, testnet } = this.#init
    try {
      for await (const _answer of testnet.ask(peer, call)) {
        // The trace tells how it went; the answers are for local callers.
      }
    } catch (error) {
      if (!order.signal.aborted) order.say(`${peer}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Until everything asked for is answered and settled, or the run's end. */
  async untilQuiet(): Promise<void> {
    const { end, observer, signal } = this.#init.order
    let quietSince: Millis | undefined
    while (this.#now() < end) {
      const now = this.#now()
      quietSince = observer.quiet() ? (quietSince ?? now) : undefined
      if (quietSince !== undefined && now - quietSince >= QUIET_FOR) return
      await sleep(LOOK_EVERY, undefined, { signal }).catch(aborted)
    }
  }

  /** Faults that could not be done at all. */
  checks(): readonly RunCheck[] {
    return this.#troubles
  }
}

const aborted = (): never => {
  throw new RunAborted('interrupted')
}
