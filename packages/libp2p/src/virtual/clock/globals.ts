import nodeCrypto from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { PendingWork } from './pending-work.ts'
import { seededRandomness } from './seeded-randomness.ts'
import { setTraps } from './traps.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { virtualDate } from './virtual-date.ts'
import { clearTimer, VirtualTimer } from './virtual-timer.ts'

type Callback = (...args: unknown[]) => void

/** Puts this thread on virtual time and seeded randomness, for good. Must come before the code that is to run there is loaded. */
export function installClock(clock: VirtualClock): void {
  replace(globalThis, timersOf(clock))
  replace(createRequire(import.meta.url)('node:timers'), timersOf(clock))
  replace(globalThis, { Date: virtualDate(clock) })
  replace(performance, { now: () => clock.now })
  replace(AbortSignal, { timeout: (delay: number) => timeoutSignal(clock, delay) })
  replace(process, { hrtime: hrtime(clock) })
  replaceRandomness(clock)
  holdForNativeWork(clock.work)
  setTraps()
  syncBuiltinESMExports()
}

function replace(target: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true })
  }
}

function timersOf(clock: VirtualClock) {
  const timer =
    (isRepeated: boolean) =>
    (callback: Callback, delay?: number, ...args: unknown[]) =>
      new VirtualTimer({
        clock,
        delay: Number(delay),
        isRepeated,
        callback: args.length === 0 ? () => callback() : () => callback(...args),
      })
  return {
    setTimeout: timer(false),
    setInterval: timer(true),
    setImmediate: (callback: Callback, ...args: unknown[]) => immediate(clock, () => callback(...args)),
    clearTimeout: clearTimer,
    clearInterval: clearTimer,
    clearImmediate(task: unknown) {
      if (task instanceof Immediate) task.callback = undefined
    },
  }
}

class Immediate {
  readonly owner
  callback: (() => void) | undefined

  constructor(clock: VirtualClock, callback: () => void) {
    this.owner = clock.owner
    this.callback = callback
  }

  run(): void {
    this.callback?.()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  [Symbol.dispose](): void {
    this.callback = undefined
  }
}

function immediate(clock: VirtualClock, callback: () => void): Immediate {
  const task = new Immediate(clock, callback)
  clock.push(clock.effective(clock.owner), task)
  return task
}

function timeoutSignal(clock: VirtualClock, delay: number): AbortSignal {
  const controller = new AbortController()
  const callback = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  new VirtualTimer({ clock, delay, isRepeated: false, callback })
  return controller.signal
}

function hrtime(clock: VirtualClock) {
  const nanoseconds = () => Math.round(clock.now * 1_000_000)
  const time = ([seconds, rest]: readonly [number, number] = [0, 0]) => {
    const since = nanoseconds() - seconds * 1_000_000_000 - rest
    return [Math.floor(since / 1_000_000_000), since % 1_000_000_000]
  }
  return Object.assign(time, { bigint: () => BigInt(nanoseconds()) })
}

function replaceRandomness(clock: VirtualClock): void {
  const { getRandomValues, ...random } = seededRandomness(clock)
  replace(Math, { random: () => clock.owner.random.next() })
  replace(nodeCrypto, { ...random, pseudoRandomBytes: random.randomBytes })
  // The module's own `getRandomValues` asks this object.
  replace(globalThis.crypto, { getRandomValues, randomUUID: random.randomUUID })
}

/** WebCrypto works on other threads and ends whenever it likes. */
function holdForNativeWork(work: PendingWork): void {
  const { subtle } = globalThis.crypto
  for (const name of SUBTLE) {
    const native: unknown = Reflect.get(subtle, name)
    if (typeof native !== 'function') continue
    replace(subtle, { [name]: (...args: unknown[]) => work.hold(Promise.resolve(Reflect.apply(native, subtle, args))) })
  }
}

const SUBTLE: readonly string[] = [
  'decrypt',
  'deriveBits',
  'deriveKey',
  'digest',
  'encrypt',
  'exportKey',
  'importKey',
  'sign',
  'unwrapKey',
  'verify',
  'wrapKey',
]
