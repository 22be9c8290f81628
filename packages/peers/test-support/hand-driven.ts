import type { TraceEvent } from '@infermesh/kernel'
import type { Message, PeerEffect, PeerInput, PeerMachine } from '@infermesh/protocol'

/** A machine without a world: a test plays its peers, and its timers go off when the test lets time pass. */
export class HandDriven {
  readonly machine: PeerMachine
  now: number
  readonly effects: PeerEffect[] = []
  readonly saved = new Map<string, Uint8Array>()
  readonly #timers = new Map<string, number>()
  #requests = 0

  constructor(machine: PeerMachine, saved: ReadonlyMap<string, Uint8Array> = new Map(), now = 0) {
    this.machine = machine
    this.now = now
    for (const [key, value] of saved) this.saved.set(key, value)
    this.handle({ type: 'started', saved: new Map(saved) })
  }

  /** Hands over an input and returns what the machine does about it. */
  handle(input: PeerInput): readonly PeerEffect[] {
    const effects = this.machine.handle(input, this.now)
    for (const effect of effects) this.#perform(effect)
    this.effects.push(...effects)
    return effects
  }

  /** Asks as another peer. Returns the call's name. */
  ask(from: string, message: Message): string {
    const id = `r${this.#requests++}`
    this.handle({ type: 'request', id, from, stream: 'any', message })
    return id
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = [...this.#timers].filter(([, due]) => due <= end).sort(([, a], [, b]) => a - b)[0]
      if (next === undefined) break
      this.#timers.delete(next[0])
      this.now = Math.max(this.now, next[1])
      this.handle({ type: 'timer', key: next[0] })
    }
    this.now = end
  }

  /** Everything that was answered to a call, in order. */
  answersTo(id: string): readonly Message[] {
    return this.effects.flatMap((effect) => (effect.type === 'respond' && effect.requestId === id ? [effect.message] : []))
  }

  /** Calls to other peers that were made, whatever became of them. */
  calls(): readonly Extract<PeerEffect, { readonly type: 'request' }>[] {
    return this.effects.filter((effect) => effect.type === 'request')
  }

  events(): readonly TraceEvent[] {
    return this.effects.flatMap((effect) => (effect.type === 'emit' ? [effect.event] : []))
  }

  #perform(effect: PeerEffect): void {
    if (effect.type === 'setTimer') this.#timers.set(effect.key, this.now + effect.after)
    if (effect.type === 'clearTimer') this.#timers.delete(effect.key)
    if (effect.type === 'save') this.saved.set(effect.key, effect.value)
    if (effect.type === 'forget') this.saved.delete(effect.key)
  }
}
