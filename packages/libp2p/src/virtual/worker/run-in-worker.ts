import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { assertNever, type Millis, type TraceRecord } from '@infermesh/kernel'
import type { Boot, FailureText, FromWorker, StackProgress, ToWorker } from './channel.ts'

export interface StackRunOptions<Plan> {
  /** The file, or the bundle, that calls `serveStack`: its URL or path. */
  readonly entry: URL | string
  readonly seed: string | number
  /** Goes to the program as it is; must survive a structured clone. */
  readonly plan: Plan
  readonly onRecord?: (record: TraceRecord) => void
  readonly onProgress?: (progress: StackProgress) => void
  /** Answers the director's checkpoints, when all records up to it are in; false ends the run. */
  readonly onCheckpoint?: (now: Millis) => boolean
  /** Aborting stops virtual time at once; the director finds out by `stage.isAborted()`. */
  readonly signal?: AbortSignal
  /** Of the worker's heap; 8 GiB unless told. */
  readonly heapMegabytes?: number
}

/** The run broke inside the worker: a machine threw, nothing moved on, or the program itself failed. */
export class StackRunFailed extends Error {
  /** `MachineFailed`, `NoProgress`, …: the name of the error in the worker. */
  readonly kind: string

  constructor(failure: FailureText) {
    super(failure.message)
    this.name = 'StackRunFailed'
    this.kind = failure.name
    this.stack = failure.stack
  }
}

/** Runs a stack program in a thread of its own, whose time and chance are virtual; resolves with what its director returns. */
export async function runInWorker<Plan, Result>(options: StackRunOptions<Plan>): Promise<Result> {
  const entry = options.entry instanceof URL ? options.entry.href : pathToFileURL(options.entry).href
  const boot: Boot = { entry, seed: options.seed, plan: options.plan }
  const worker = new Worker(fileURLToPath(new URL('./main.ts', import.meta.url)), {
    workerData: boot,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMegabytes ?? 8192, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  })
  const abort = () => worker.postMessage({ type: 'abort' } satisfies ToWorker)
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    if (options.signal?.aborted === true) abort()
    // The worker's end of the channel is this package's own, from one build, and the result is the program's.
    return (await outcome(worker, options)) as Result
  } finally {
    options.signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

function outcome<Plan>(worker: Worker, options: StackRunOptions<Plan>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the world's thread ended with code ${code} before the run was over`)))
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'records':
          for (const record of message.batch) options.onRecord?.(record)
          return
        case 'progress':
          options.onProgress?.(message.progress)
          return
        case 'checkpoint':
          worker.postMessage({ type: 'goOn', isWanted: options.onCheckpoint?.(message.now) ?? true } satisfies ToWorker)
          return
        case 'done':
          resolve(message.result)
          return
        case 'failed':
          reject(new StackRunFailed(message.failure))
          return
        default:
          assertNever(message)
      }
    })
  })
}

/** A large nursery: almost all that a frame allocates is dead before the next one. */
const YOUNG_MEGABYTES = 64
