import { assert } from '@infermesh/kernel'
import type { VirtualClock } from '../clock/virtual-clock.ts'

// What the thread's first file and the program share, by global symbols: a bundled program holds its own copy of this module.
const CLOCK = Symbol.for('infermesh.clock')
const PROGRAM = Symbol.for('infermesh.program')

/** The clock that this thread runs on. */
export function threadClock(): VirtualClock {
  const clock: unknown = Reflect.get(globalThis, CLOCK)
  assert(clock !== undefined, 'a stack world needs a thread on virtual time: start it with runInWorker')
  return clock as VirtualClock
}

export function setThreadClock(clock: VirtualClock): void {
  Reflect.set(globalThis, CLOCK, clock)
}

/** `start` is called when the whole entry file has been loaded. */
export function setProgram(start: () => void): void {
  Reflect.set(globalThis, PROGRAM, start)
}

export function startProgram(entry: string): void {
  const start: unknown = Reflect.get(globalThis, PROGRAM)
  assert(typeof start === 'function', `${entry} must call serveStack`)
  Reflect.apply(start, undefined, [])
}
