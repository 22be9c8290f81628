import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { createMessageWorld, type MessageWorld, type MessageWorldOptions } from '@infermesh/sim'
import type { VirtualClock } from '../clock/virtual-clock.ts'

/** A message world whose events are events of the thread's clock. */
export class MessageClock {
  readonly world: MessageWorld
  readonly #clock: VirtualClock
  /** Its own events run: what they plan for this very instant is run with them. */
  #isRunning = false
  #isInside = false

  constructor(clock: VirtualClock, options: Omit<MessageWorldOptions<AnyMessage, AnyEnvelope>, 'onScheduled'>) {
    this.#clock = clock
    this.world = createMessageWorld({
      ...options,
      onScheduled: (at) => {
        if (!this.#isRunning || at > clock.now) clock.at(at, () => this.do(() => undefined))
      },
    })
  }

  /** Does something to the world, which has done all that is due by then. */
  do<T>(act: (world: MessageWorld) => T): T {
    if (this.#isInside) return act(this.world)
    this.#isInside = true
    try {
      this.#catchUp()
      return act(this.world)
    } finally {
      this.#isInside = false
    }
  }

  #catchUp(): void {
    this.#isRunning = true
    try {
      this.world.run(this.#clock.now)
    } catch (error) {
      // A machine of this side broke, whoever's event it is that made it run.
      this.#clock.fail(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#isRunning = false
    }
  }
}
