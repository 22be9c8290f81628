import nodeCrypto from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'

/** Something in a virtual world reached for real time, real randomness or the real network. */
export class RealityReached extends Error {
  override readonly name = 'RealityReached'
  readonly what: string

  constructor(what: string) {
    super(`${what} was called in a virtual world, where a run must be equal each time: it has to go through the virtual clock`)
    this.what = what
  }
}

// By global symbol: a bundled program asks its own copy of this module.
const REACHED = Symbol.for('infermesh.reached')

function reachedSoFar(): string[] {
  const known: unknown = Reflect.get(globalThis, REACHED)
  if (Array.isArray(known)) return known
  const fresh: string[] = []
  Reflect.set(globalThis, REACHED, fresh)
  return fresh
}

const reached = reachedSoFar()

/** What was reached so far. The error may have been swallowed by whoever reached for it. */
export const realityReached = (): readonly string[] => reached

/** Replaces what a virtual world has no seeded stand-in for by functions that throw. */
export function setTraps(): void {
  const require = createRequire(import.meta.url)
  for (const [module, names] of MODULE_TRAPS) {
    const exports: object = require(module)
    for (const name of names) trap(exports, name, `${module}.${name}`)
  }
  for (const name of GLOBAL_TRAPS) trap(globalThis, name, name)
  for (const name of SUBTLE_TRAPS) trap(globalThis.crypto.subtle, name, `crypto.subtle.${name}`)
  for (const name of CURVE_TRAPS) trap(nodeCrypto.ECDH.prototype, name, `ECDH.${name}`)
  trap(nodeCrypto.DiffieHellman.prototype, 'generateKeys', 'DiffieHellman.generateKeys')
  trap(process, 'uptime', 'process.uptime')
  Object.defineProperty(globalThis, 'BroadcastChannel', { value: DeafChannel, writable: true, configurable: true })
  syncBuiltinESMExports()
}

/** Libraries listen for other threads that share their locks. Here is none, and to write to one is a way out. */
class DeafChannel extends EventTarget {
  postMessage(): never {
    reached.push('BroadcastChannel.postMessage')
    throw new RealityReached('BroadcastChannel.postMessage')
  }

  close(): void {
    // It was never open.
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

function trap(target: object, name: string, what: string): void {
  if (!Reflect.has(target, name)) return
  const value = function trapped(): never {
    reached.push(what)
    throw new RealityReached(what)
  }
  Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

const MODULE_TRAPS: readonly (readonly [string, readonly string[]])[] = [
  ['node:timers/promises', ['setTimeout', 'setImmediate', 'setInterval']],
  ['node:crypto', ['generateKeyPair', 'generateKey', 'generateKeySync', 'generatePrime', 'generatePrimeSync', 'createDiffieHellman']],
  ['node:net', ['connect', 'createConnection', 'createServer']],
  ['node:dgram', ['createSocket']],
  ['node:dns', ['lookup', 'resolve']],
  ['node:child_process', ['spawn', 'exec', 'execFile', 'fork']],
]
const GLOBAL_TRAPS: readonly string[] = ['MessageChannel', 'fetch', 'WebSocket', 'EventSource']
const SUBTLE_TRAPS: readonly string[] = ['generateKey']
const CURVE_TRAPS: readonly string[] = ['generateKeys']
