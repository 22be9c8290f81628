import type { Millis } from '@infermesh/kernel'
import type { KeyConfig } from './key-config.ts'
import type { KeyPair } from './primitives.ts'
import { fail, type Result, succeed } from './result.ts'

export interface GatewayKey {
  readonly config: KeyConfig
  readonly keyPair: KeyPair
  /** From here on clients are told of the key. */
  readonly publishedFrom: Millis
  /** From here on it is no longer published, so no client starts to use it. */
  readonly publishedUntil: Millis
  /** From here on it opens nothing: traffic recorded under it stays closed once the secret is dropped. */
  readonly acceptedUntil: Millis
}

/** A gateway's keys over time. At most two are accepted at once, since each one divides the clients into smaller crowds. */
export class KeyRing {
  #keys: readonly GatewayKey[] = []

  /** Refuses a third key, and an id that is still accepted: a client's choice of key must be clear. */
  add(key: GatewayKey, now: Millis): Result<void, 'too-many-keys' | 'key-id-in-use'> {
    const accepted = this.#keys.filter((other) => now < other.acceptedUntil)
    if (accepted.length >= KEYS_MAX)
      return fail('too-many-keys', `expected at most ${KEYS_MAX} keys at once; wait for the oldest to expire`)
    if (accepted.some((other) => other.config.keyId === key.config.keyId)) {
      return fail('key-id-in-use', `key id ${key.config.keyId} is still accepted; choose another`)
    }
    this.#keys = [...accepted, key]
    return succeed(undefined)
  }

  /** What clients are told, newest first. */
  published(now: Millis): readonly KeyConfig[] {
    return this.#keys
      .filter((key) => now >= key.publishedFrom && now < key.publishedUntil)
      .map((key) => key.config)
      .reverse()
  }

  find(keyId: number, now: Millis): GatewayKey | undefined {
    return this.#keys.find((key) => key.config.keyId === keyId && now < key.acceptedUntil)
  }

  /** Drops expired keys with their secrets, and names their ids so that what was kept for them can go too. */
  expire(now: Millis): readonly number[] {
    const expired = this.#keys.filter((key) => now >= key.acceptedUntil)
    this.#keys = this.#keys.filter((key) => now < key.acceptedUntil)
    return expired.map((key) => key.config.keyId)
  }
}

const KEYS_MAX = 2
