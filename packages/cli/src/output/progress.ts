import type { Millis } from '@infermesh/kernel'
import type { NetworkRecord } from '@infermesh/scenario'
import { createLogUpdate } from 'log-update'
import { durationText } from './duration-text.ts'

export interface Progress {
  observe(record: NetworkRecord): void
  /** Something worth a line of its own: a phase, a fault. */
  say(text: string): void
  finish(): void
}

const FRAME_MS = 200

/** Nothing on screen: for `--json` and for tests. */
export const silent: Progress = { observe() {}, say() {}, finish() {} }

/** A live line on a terminal; in a pipe, phases and faults only. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  const started = performance.now()
  const counts = new Counts(() => performance.now() - started)
  if (!stream.isTTY) return { observe: (record) => counts.observe(record), say: (text) => void stream.write(`${text}\n`), finish() {} }
  const frame = createLogUpdate(stream)
  const timer = setInterval(() => frame(counts.line()), FRAME_MS)
  return {
    observe: (record) => counts.observe(record),
    say(text) {
      frame.clear()
      stream.write(`${text}\n`)
    },
    finish() {
      clearInterval(timer)
      frame.clear()
      frame.done()
    },
  }
}

/** What a run has come to, as one line. `sinceStart` tells the computer's own time, in ms. */
export class Counts {
  readonly #sinceStart: () => Millis
  #at = 0
  #events = 0
  #sent = 0
  #ended = 0
  #failed = 0
  #tokens = 0
  #checked = 0
  #height = 0

  constructor(sinceStart: () => Millis) {
    this.#sinceStart = sinceStart
  }

  observe({ at, event }: NetworkRecord): void {
    this.#at = at
    this.#events++
    switch (event.type) {
      case 'requestSent':
        if (event.attempt === 1) this.#sent++
        return
      case 'requestEnded':
        this.#ended++
        if (event.outcome === 'failed') this.#failed++
        return
      case 'tokensReceived':
        this.#tokens += event.to - event.from
        return
      case 'verdictGiven':
        this.#checked++
        return
      case 'blockFinal':
        this.#height = Math.max(this.#height, event.height)
        return
      default:
        return
    }
  }

  line(): string {
    return [
      durationText(this.#at).padStart(8),
      `${(this.#at / Math.max(1, this.#sinceStart())).toFixed(1)}×`,
      `events ${this.#events}`,
      `requests ${this.#ended}/${this.#sent}${this.#failed > 0 ? ` (${this.#failed} failed)` : ''}`,
      `tokens ${this.#tokens}`,
      `checked ${this.#checked}`,
      `blocks ${this.#height}`,
    ].join('   ')
  }
}
