import { Worker } from 'node:worker_threads'
import type { Scenario, TraceRow } from '@infermesh/scenario'
import type { Breakage } from './breakage.ts'
import { drawn, runTrial, type TrialGround } from './trial.ts'

/** What one seed showed. */
export interface Tried {
  readonly seed: number
  readonly breakage: Breakage | undefined
}

/** What a thread of trials is started with. A bug goes by its name: functions don't travel. */
export interface ThreadGround {
  readonly scenario: Scenario
  readonly traces: ReadonlyMap<number, readonly TraceRow[]>
  readonly bug: string | undefined
}

/** Trials of one hunt, several at a time; told in the order of their seeds, so that a hunt finds the same however many run at once. */
export async function* trials(ground: TrialGround, seeds: Iterable<number>, jobs: number): AsyncGenerator<Tried, void> {
  // A run on libp2p has a thread of its own already.
  if (ground.world === 'stack') yield* abreast(seeds, jobs, (seed) => tried(ground, seed))
  else if (jobs > 1) yield* threaded(ground, seeds, jobs)
  else for (const seed of seeds) yield await tried(ground, seed)
}

async function tried(ground: TrialGround, seed: number): Promise<Tried> {
  const { breakage } = await runTrial(drawn(ground.scenario, seed), ground)
  return { seed, breakage }
}

/** So many at a time, told in order. */
async function* abreast(seeds: Iterable<number>, count: number, run: (seed: number) => Promise<Tried>): AsyncGenerator<Tried, void> {
  const running: Promise<Tried>[] = []
  for (const seed of seeds) {
    const trial = run(seed)
    // Whoever stops early never asks for the rest.
    trial.catch(() => undefined)
    running.push(trial)
    const oldest = running.length < count ? undefined : running.shift()
    if (oldest !== undefined) yield await oldest
  }
  for (const trial of running) yield await trial
}

async function* threaded(
  { scenario, traces = new Map(), bug }: TrialGround,
  seeds: Iterable<number>,
  jobs: number,
): AsyncGenerator<Tried, void> {
  const workerData: ThreadGround = { scenario, traces, bug: bug?.name }
  const threads = Array.from({ length: jobs }, () => new Thread(new Worker(new URL('./trial-thread.ts', import.meta.url), { workerData })))
  try {
    let turn = 0
    // Each thread has one seed at work and one that waits for it.
    yield* abreast(seeds, 2 * jobs, (seed) => (threads[turn++ % jobs] as Thread).try(seed))
  } finally {
    await Promise.all(threads.map((thread) => thread.end()))
  }
}

/** Takes seeds one after the other. */
class Thread {
  readonly #worker: Worker
  readonly #waiting: { readonly done: (tried: Tried) => void; readonly failed: (error: unknown) => void }[] = []

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (tried: Tried) => this.#waiting.shift()?.done(tried))
    worker.on('error', (error) => {
      for (const { failed } of this.#waiting.splice(0)) failed(error)
    })
  }

  try(seed: number): Promise<Tried> {
    const { promise, resolve, reject } = Promise.withResolvers<Tried>()
    this.#waiting.push({ done: resolve, failed: reject })
    this.#worker.postMessage(seed)
    return promise
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
