import { parentPort, workerData } from 'node:worker_threads'
import { type AnyEnvelope, type AnyMessage, assert, type TraceRecord } from '@infermesh/kernel'
import { createMixedWorld } from '../mixed/mixed-world.ts'
import { createStackWorld } from '../stack-world.ts'
import type { StackWorld, StackWorldOptions } from '../world-options.ts'
import type { Boot, FromWorker, ToWorker } from './channel.ts'
import { setProgram, threadClock } from './thread.ts'

/** What the program of a run says about it. */
export interface StackProgram<Plan, Result, M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> {
  /** The world's options; the seed is the worker's. Records go to the main thread, and to `onRecord` here too where it is given. */
  world(plan: Plan): Omit<StackWorldOptions<M, E>, 'seed'>
  /** Drives the run from start to end. The result must survive a structured clone. */
  direct(world: StackWorld<M, E>, plan: Plan, stage: Stage): Promise<Result>
}

/** The director's line to the main thread. */
export interface Stage {
  /** The run was aborted from outside. */
  isAborted(): boolean
  /** Hands over all records so far, waits until they are taken, and tells whether the main thread wants the run to go on. */
  checkpoint(): Promise<boolean>
}

/** The whole of a worker's program: call it once in the entry file that `runInWorker` names. */
export function serveStack<Plan, Result, M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope>(
  program: StackProgram<Plan, Result, M, E>,
): void {
  setProgram(() => {
    assert(parentPort !== null, 'a stack program is started by runInWorker, not by hand')
    const { seed, plan } = workerData as Boot
    const line = new MainLine(parentPort)
    // The plan is whatever the other side of this very program sent.
    run(program, plan as Plan, { seed, line })
      .then((result) => line.done(result))
      .catch((error: unknown) => line.fail(error))
  })
}

async function run<Plan, Result, M extends AnyMessage, E extends AnyEnvelope>(
  program: StackProgram<Plan, Result, M, E>,
  plan: Plan,
  { seed, line }: { readonly seed: string | number; readonly line: MainLine },
): Promise<Result> {
  const options = program.world(plan)
  const onRecord = (record: TraceRecord): void => {
    options.onRecord?.(record)
    line.record(record)
  }
  const { messages, ...own } = { ...options, seed, onRecord }
  const world = messages === undefined ? createStackWorld<M, E>(own) : createMixedWorld<M, E>({ ...own, messages })
  return program.direct(world, plan, line)
}

type Port = NonNullable<typeof parentPort>

/** Batches records, reports progress, and waits for the main thread where it is asked to. */
class MainLine implements Stage {
  readonly #port: Port
  #batch: TraceRecord[] = []
  readonly #clock = threadClock()
  readonly #startedAt = this.#clock.realNow()
  #toldAt = this.#startedAt
  #isAborted = false
  #goOn: ((isWanted: boolean) => void) | undefined

  constructor(port: Port) {
    this.#port = port
    this.#clock.onTurn = () => this.#onTurn()
    port.on('message', (message: ToWorker) => this.#onMessage(message))
  }

  isAborted(): boolean {
    return this.#isAborted
  }

  record(record: TraceRecord): void {
    this.#batch.push(record)
    if (this.#batch.length >= BATCH) this.#flush()
  }

  checkpoint(): Promise<boolean> {
    this.#flush()
    this.#tellProgress()
    if (this.#isAborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#goOn = resolve
      this.#send({ type: 'checkpoint', now: Math.floor(this.#clock.now) })
    })
  }

  done(result: unknown): void {
    this.#flush()
    this.#tellProgress()
    this.#send({ type: 'done', result })
    this.#port.close()
  }

  fail(error: unknown): void {
    this.#flush()
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
    this.#send({ type: 'failed', failure: { name, message, stack } })
    this.#port.close()
  }

  #onMessage(message: ToWorker): void {
    if (message.type === 'abort') {
      this.#isAborted = true
      this.#clock.stop()
    }
    this.#goOn?.(message.type === 'goOn' && message.isWanted)
    this.#goOn = undefined
  }

  #flush(): void {
    if (this.#batch.length > 0) this.#send({ type: 'records', batch: this.#batch })
    this.#batch = []
  }

  #onTurn(): void {
    // A run that began after the news came has to end too.
    if (this.#isAborted) this.#clock.stop()
    if (this.#clock.realNow() - this.#toldAt < PROGRESS_EVERY_MS) return
    this.#flush()
    this.#tellProgress()
  }

  #tellProgress(): void {
    this.#toldAt = this.#clock.realNow()
    const { now, performed } = this.#clock
    this.#send({
      type: 'progress',
      progress: {
        virtualMs: Math.floor(now),
        wallMs: Math.round(this.#toldAt - this.#startedAt),
        events: performed,
        pending: this.#clock.pending(),
      },
    })
  }

  #send(message: FromWorker): void {
    this.#port.postMessage(message)
  }
}

const BATCH = 512
const PROGRESS_EVERY_MS = 250
