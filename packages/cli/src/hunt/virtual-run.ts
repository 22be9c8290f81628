import type { Millis } from '@infermesh/kernel'
import { endOf, type NetworkRecord, RunObserver, type RunResult, type Scenario, type TraceRow, timelineOf } from '@infermesh/scenario'
import { MachineFailed, NoProgress } from '@infermesh/sim'
import { replayChecks } from '../audit/replay-checks.ts'
import { liarIds } from '../faults/liar-ids.ts'
import { type NetworkPlan, planNetwork } from '../network/network-plan.ts'
import { endMessages, type MessageRun, prepareMessages, quietWatch } from '../worlds/message-world.ts'
import type { Alteration } from '../worlds/virtual-network.ts'
import type { RunOrder } from '../worlds/world.ts'

export interface VirtualRunOptions {
  readonly onRecord?: (record: NetworkRecord) => void
  readonly traces?: ReadonlyMap<number, readonly TraceRow[]>
  /** Changes machines, for planted bugs. */
  readonly alter?: Alteration
  /** Ends the run at the first standing check that breaks. */
  readonly stopEarly?: boolean
}

/** What broke: a standing check, or a machine that failed its own assertion. */
export interface Breakage {
  readonly check: string
  readonly at: Millis
  readonly text: string
}

export interface VirtualOutcome {
  readonly breakage: Breakage | undefined
  readonly traceHash: string
  readonly virtualMs: Millis
  /** Absent when the run was cut short. */
  readonly result?: RunResult
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
  readonly #isQuiet: () => boolean
  #started = false
  #failure: Breakage | undefined

  constructor(scenario: Scenario, options: VirtualRunOptions = {}) {
    this.plan = planNetwork(scenario)
    const timeline = timelineOf(scenario, options.traces)
    this.observer = new RunObserver(scenario, this.plan.genesis, liarIds(scenario, this.plan))
    this.#stopEarly = options.stopEarly === true
    this.#order = {
      scenario,
      plan: this.plan,
      timeline,
      end: endOf(scenario, timeline),
      observer: this.observer,
      onRecord: (record) => {
        this.observer.observe(record)
        options.onRecord?.(record)
      },
      say: () => undefined,
      folder: '',
      signal: new AbortController().signal,
    }
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
      this.#failure = { check: error.name, at: world.now(), text: error.message }
      return true
    }
    return world.now() >= this.#order.end
  }

  breakage(): Breakage | undefined {
    if (this.#failure !== undefined) return this.#failure
    const violation = this.observer.violation()
    if (violation !== undefined) return { check: violation.name, at: violation.at, text: violation.text }
    const found = this.messages.network.plaintext.violation()
    return found === undefined ? undefined : { check: found.check, at: this.messages.world.now(), text: found.text }
  }

  /** To the end, with all that is judged only there. */
  async finish(): Promise<VirtualOutcome> {
    this.runUntil(Number.POSITIVE_INFINITY)
    const { world } = this.messages
    const early = this.breakage()
    if (this.#failure !== undefined || (early !== undefined && this.#stopEarly))
      return { breakage: early, traceHash: world.traceHash(), virtualMs: world.now() }
    const { log, further, ...end } = await endMessages(this.messages, this.#order)
    const result = this.observer.conclude({
      ...end,
      world: 'message',
      wallMs: 0,
      further: [...replayChecks(this.plan.genesis, log), ...further],
    })
    return { breakage: this.breakage() ?? brokenIn(result), traceHash: world.traceHash(), virtualMs: world.now(), result }
  }
}

/** Whole names of standing checks begin with `I` or `L` and a number. */
export const isStanding = (name: string): boolean => /^[IL]\d+ /.test(name)

function brokenIn(result: RunResult): Breakage | undefined {
  const broken = result.checks.find((check) => !check.held && check.undecided !== true && isStanding(check.name))
  return broken && { check: broken.name.split(' ')[0] ?? broken.name, at: result.virtualMs, text: `${broken.name}: ${broken.actual}` }
}
