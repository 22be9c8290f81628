import type { Cryptography } from '@infermesh/kernel'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import { Recollection } from './recollection.ts'

interface Signed {
  readonly publicKey: Uint8Array
  readonly bytes: Uint8Array
}

/**
 * One cryptography for a world whose peers share one process: what was signed here is not verified by arithmetic again, and an envelope is
 * verified and read once for all peers. Every answer is the one that `base` gives.
 */
export function sharedCryptography(base: Cryptography = nodeCryptography): Cryptography {
  const signed = new Recollection<Signed>()
  const made = new Map<string, Recollection<object>>()
  const publicKeyOf = publicKeys()
  return {
    ...base,
    sign(privateKey, bytes) {
      const signature = base.sign(privateKey, bytes)
      signed.put(signature, { publicKey: publicKeyOf(privateKey), bytes })
      return signature
    },
    verify(publicKey, bytes, signature) {
      const known = signed.get(signature)
      if (known === undefined || !isSame(known.publicKey, publicKey) || !isSame(known.bytes, bytes))
        return base.verify(publicKey, bytes, signature)
      // Whoever asked keeps what it opened, so the question rarely comes again.
      signed.delete(signature)
      return true
    },
    once<T extends object>(purpose: string, bytes: Uint8Array, make: (copy: Uint8Array) => T, kept?: number): T {
      const results = made.get(purpose) ?? new Recollection<object>(kept)
      made.set(purpose, results)
      // Whoever asks under the same purpose makes the same kind of thing.
      const known = results.get(bytes) as T | undefined
      if (known !== undefined) return known
      const copy = new Uint8Array(bytes)
      const result = make(copy)
      results.put(copy, result)
      return result
    },
  }
}

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0

/** Public keys by private keys. A world has few of them. */
export function publicKeys(): (privateKey: Uint8Array) => Uint8Array {
  const known = new Map<string, Uint8Array>()
  return (privateKey) => {
    const name = Buffer.from(privateKey.buffer, privateKey.byteOffset, privateKey.length).toString('latin1')
    const found = known.get(name) ?? identityFromSeed(privateKey).publicKey
    known.set(name, found)
    return found
  }
}
