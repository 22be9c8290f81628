import nodeCrypto, { type KeyObject } from 'node:crypto'
import type { VirtualClock } from './virtual-clock.ts'

type Done<T> = (error: Error | null, value: T) => void

/** Stand-ins for every source of random bytes, drawing from whoever's event is at hand. */
export function seededRandomness(clock: VirtualClock) {
  const fill = <T extends ArrayBufferView | ArrayBuffer>(target: T, offset = 0, size?: number): T => {
    const view =
      target instanceof ArrayBuffer ? new Uint8Array(target) : new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    const end = size === undefined ? view.length : offset + size
    for (let index = offset; index < end; index++) view[index] = clock.owner.random.below(256)
    return target
  }
  const bytes = (size: number): Buffer => fill(Buffer.alloc(size))
  const int = (low: number, high?: number): number =>
    high === undefined ? clock.owner.random.below(low) : low + clock.owner.random.below(high - low)
  return {
    getRandomValues: <T extends ArrayBufferView>(target: T): T => fill(target),
    randomBytes: (size: number, done?: Done<Buffer>) => answer(bytes(size), done),
    randomFillSync: fill,
    randomFill(target: ArrayBufferView, ...rest: readonly unknown[]) {
      const done = rest.at(-1)
      const [offset, size] = rest.filter((item) => typeof item === 'number')
      fill(target, offset, size)
      if (typeof done === 'function') queueMicrotask(() => done(null, target))
    },
    randomInt(...args: readonly unknown[]) {
      const [low = 0, high] = args.filter((item) => typeof item === 'number')
      const done = args.at(-1)
      return answer(int(low, high), typeof done === 'function' ? (error, value) => done(error, value) : undefined)
    },
    randomUUID: () => uuid(bytes(16)),
    generateKeyPairSync: (type: string, options: KeyEncodings = {}) => keyPair(type, bytes(32), options),
  }
}

function answer<T>(value: T, done: Done<T> | undefined): T | undefined {
  if (done === undefined) return value
  queueMicrotask(() => done(null, value))
  return undefined
}

/** Version 4. */
function uuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

interface KeyEncodings {
  readonly publicKeyEncoding?: Parameters<KeyObject['export']>[0]
  readonly privateKeyEncoding?: Parameters<KeyObject['export']>[0]
}

/** PKCS #8 up to the 32 secret bytes, for the curves whose secrets are any 32 bytes (RFC 8410). */
const PREFIXES: Readonly<Record<string, string>> = {
  x25519: '302e020100300506032b656e04220420',
  ed25519: '302e020100300506032b657004220420',
}

function keyPair(type: string, secret: Buffer, options: KeyEncodings) {
  const prefix = PREFIXES[type]
  if (prefix === undefined)
    throw new Error(`expected a key of ${Object.keys(PREFIXES).join(' or ')}, got ${type}: no other can be drawn from a seed`)
  const privateKey = nodeCrypto.createPrivateKey({ key: Buffer.concat([Buffer.from(prefix, 'hex'), secret]), format: 'der', type: 'pkcs8' })
  const publicKey = nodeCrypto.createPublicKey(privateKey)
  const { publicKeyEncoding, privateKeyEncoding } = options
  return {
    publicKey: publicKeyEncoding === undefined ? publicKey : publicKey.export(publicKeyEncoding),
    privateKey: privateKeyEncoding === undefined ? privateKey : privateKey.export(privateKeyEncoding),
  }
}
