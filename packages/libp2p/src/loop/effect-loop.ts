import type { Effect, Input, Machine, Millis } from '@infermesh/kernel'
import type { Timers } from '../host-options.ts'
import { Fifo } from './fifo.ts'

export interface EffectLoopInit {
  readonly machine: Machine
  readonly now: () => Millis
  readonly timers: Timers
  readonly inputsMax: number
  readonly perform: (effect: Effect) => void
  readonly beforeEffect: ((effect: Effect) => void) | undefined
  /** The queue ran empty: send what the effects left to be sent. */
  readonly flush: () => void
  readonly onFatal: (error: Error, input: Input | undefined) => void
  readonly onStep: (effects: number) => void
}

/** Hands a machine one input at a time and performs its effects in list order. Inputs wait until `begin`. */
export class EffectLoop {
  readonly #init: EffectLoopInit
  readonly #inputs = new Fifo<Input>()
  #state: 'waiting' | 'idle' | 'gathering' | 'running' | 'yielded' | 'stopped' = 'waiting'

  constructor(init: EffectLoopInit) {
    this.#init = init
  }

  /** `saved` goes before whatever came in meanwhile. */
  begin(saved: ReadonlyMap<string, Uint8Array>): void {
    if (this.#state !== 'waiting') return
    const early = [...this.#takeAll()]
    this.#inputs.push({ type: 'started', saved })
    for (const input of early) this.#inputs.push(input)
    this.#run()
  }

  /** For what must not be lost: the machine's own calls, timers and jobs, each bounded where it starts. */
  push(input: Input): void {
    if (this.#state === 'stopped') return
    this.#inputs.push(input)
    if (this.#state === 'idle') this.#run()
  }

  /** For what others send: false when the machine is too far behind. */
  offer(input: Input): boolean {
    if (this.#inputs.size() >= this.#init.inputsMax) return false
    this.push(input)
    return true
  }

  /** What `fill` brings in makes one turn, whose frames leave together. */
  gather(fill: () => void): void {
    if (this.#state !== 'idle') {
      fill()
      return
    }
    this.#state = 'gathering'
    fill()
    if (this.#state === 'gathering') this.#run()
  }

  /** Takes back inputs that the machine has just said it no longer wants. */
  retract(matches: (input: Input) => boolean): void {
    while (this.#inputs.remove(matches) !== undefined);
  }

  /** Frames pushed outside a turn would wait for the next one; this says whether to send them at once. */
  isIdle(): boolean {
    return this.#state === 'idle'
  }

  stop(): void {
    this.#state = 'stopped'
    this.#inputs.clear()
  }

  fail(error: Error, input: Input | undefined): void {
    if (this.#state === 'stopped') return
    this.stop()
    this.#init.onFatal(error, input)
  }

  #run(): void {
    this.#state = 'running'
    let steps = 0
    while (this.#state === 'running' && steps < STEPS_PER_TURN) {
      const input = this.#inputs.shift()
      if (input === undefined) {
        this.#init.flush()
        if (this.#inputs.size() === 0) break
        continue
      }
      steps++
      this.#step(input)
    }
    if (this.#state !== 'running') return
    if (this.#inputs.size() === 0) {
      this.#state = 'idle'
      return
    }
    // A machine that keeps itself busy must not keep the network from being read.
    this.#init.flush()
    this.#state = 'yielded'
    this.#init.timers.after(0, () => {
      if (this.#state === 'yielded') this.#run()
    })
  }

  #step(input: Input): void {
    try {
      const effects = this.#init.machine.handle(input, this.#init.now())
      this.#init.onStep(effects.length)
      for (const effect of effects) {
        if (this.#state === 'stopped') return
        this.#init.beforeEffect?.(effect)
        this.#init.perform(effect)
      }
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)), input)
    }
  }

  *#takeAll(): Generator<Input> {
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) yield input
  }
}

const STEPS_PER_TURN = 512
