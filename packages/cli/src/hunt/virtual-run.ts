import type { Millis } from '@infermesh/kernel'
import type { LedgerRule } from '@infermesh/protocol/ledger'
import type { RunObserver, Scenario } from '@infermesh/scenario'
import { MachineFailed, NoProgress } from '@infermesh/sim'
import { replayChecks } from '../audit/replay-checks.ts'
import type { NetworkPlan } from '../network/network-plan.ts'
import { endMessages, type MessageRun, prepareMessages, quietWatch } from '../worlds/message-world.ts'
import type { Alteration } from '../worlds/virtual-network.ts'
import type { RunOrder } from '../worlds/world.ts'
import { type Breakage, brokeDown, brokenIn, seenBroken, type VirtualOutcome } from './breakage.ts'
import { type OrderOptions, quietOrder } from './quiet-order.ts'

export interface VirtualRunOptions extends OrderOptions {
  /** Changes machines, for planted bugs. */
  readonly alter?: Alteration
  /** Rules that every ledger leaves out, also the one that replays the log at the end; for planted bugs. */
  readonly waived?: ReadonlySet<LedgerRule>
  /** Ends the run at the first standing check that breaks. */
  readonly stopEarly?: boolean
}

/** As long as the slices of a run in the foreground: a run ends at the end of one. */
const SLICE: Millis = 1_000

/** One run in the message world, in this process, without files: for hunts, replays and tests. */
export class VirtualRun {
  readonly plan: NetworkPlan
  readonly observer: RunObserver
  readonly messages: MessageRun
  readonly #order: RunOrder
  readonly #stopEarly: boolean
  readonly #waived: ReadonlySet<LedgerRule> | undefined
  readonly #isQuiet: () => boolean
  #started = false
  #failure: Breakage | undefined

  constructor(scenario: Scenario, options: VirtualRunOptions = {}) {
    this.#order = quietOrder(scenario, options)
    this.plan = this.#order.plan
    this.observer = this.#order.observer
    this.#stopEarly = options.stopEarly === true
    this.#waived = options.waived
    this.messages = prepareMessages(this.#order, options.alter)
    this.#isQuiet = quietWatch(this.messages.world, this.#order)
  }

  /** Goes on until an instant, or the run's end. True when the run is over. */
  runUntil(instant: Millis): boolean {
    const { world } = this.messages
    const limit = Math.min(instant, this.#order.end)
    try {
      if (!this.#started) world.start()
      this.#started = true
      while (world.now() < limit) {
        world.run(Math.min(limit, world.now() + SLICE))
        if (this.#isQuiet() || (this.#stopEarly && this.breakage() !== undefined)) return true
      }
    } catch (error) {
      if (!(error instanceof MachineFailed) && !(error instanceof NoProgress)) throw error
      this.#failure = brokeDown(error.name, world.now(), error.message)
      return true
    }
    return world.now() >= this.#order.end
  }

  breakage(): Breakage | undefined {
    if (this.#failure !== undefined) return this.#failure
    const found = this.messages.network.plaintext.violation()
    const seen = seenBroken(this.observer, found === undefined ? [] : [found.check])
    if (seen !== undefined || found === undefined) return seen
    return { check: found.check, at: this.messages.world.now(), text: found.text, all: [found.check] }
  }

  /** To the end, with all that is judged only there. */
  async finish(): Promise<VirtualOutcome> {
    this.runUntil(Number.POSITIVE_INFINITY)
    const { world } = this.messages
    const early = this.breakage()
    if (this.#failure !== undefined || (early !== undefined && this.#stopEarly))
      return { breakage: early, traceHash: world.traceHash(), virtualMs: world.now() }
    const { log, further, crypto, ...end } = await endMessages(this.messages, this.#order)
    const result = this.observer.conclude({
      ...end,
      world: 'message',
      wallMs: 0,
      further: [...replayChecks(this.plan.genesis, log, crypto, this.#waived), ...further],
    })
    return { breakage: this.breakage() ?? brokenIn(result), traceHash: world.traceHash(), virtualMs: world.now(), result }
  }
}
