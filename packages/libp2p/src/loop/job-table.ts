import type { CallId, Job, JobResult } from '@infermesh/kernel'
import { assert } from '@infermesh/kernel'
import type { Compute } from '../host-options.ts'

export interface JobTableInit {
  readonly compute: Compute
  readonly jobsMax: number
  readonly onResult: (callId: CallId, result: JobResult, last: boolean) => void
}

/** Jobs under way. A job that ends early, throws or finds no room is a failed result, never an exception. */
export class JobTable {
  readonly #init: JobTableInit
  readonly #running = new Map<CallId, AbortController>()

  constructor(init: JobTableInit) {
    this.#init = init
  }

  start(callId: CallId, job: Job): void {
    assert(!this.#running.has(callId), `call id ${callId} names a job that is still running`)
    if (this.#running.size >= this.#init.jobsMax) {
      this.#init.onResult(callId, failed('overflow', `${this.#init.jobsMax} jobs are under way`), true)
      return
    }
    const controller = new AbortController()
    this.#running.set(callId, controller)
    void this.#run(callId, job, controller.signal)
  }

  /** Nothing more is heard of the job. */
  cancel(callId: CallId): boolean {
    const controller = this.#running.get(callId)
    this.#running.delete(callId)
    controller?.abort()
    return controller !== undefined
  }

  stop(): void {
    for (const callId of [...this.#running.keys()]) this.cancel(callId)
  }

  async #run(callId: CallId, job: Job, signal: AbortSignal): Promise<void> {
    try {
      for await (const step of this.#init.compute(job, signal)) {
        if (signal.aborted) return
        this.#report(callId, step.result, step.last)
        if (step.last) return
      }
      if (!signal.aborted) this.#report(callId, failed('ended', `job ${job.kind} ended without a last result`), true)
    } catch (error) {
      if (!signal.aborted) this.#report(callId, failed('failed', error instanceof Error ? error.message : String(error)), true)
    }
  }

  #report(callId: CallId, result: JobResult, last: boolean): void {
    if (last) this.#running.delete(callId)
    this.#init.onResult(callId, result, last)
  }
}

const failed = (code: string, detail: string): JobResult => ({ ok: false, code, detail })
