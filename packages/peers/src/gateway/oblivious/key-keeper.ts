import { emit, type Millis, publish, setTimer } from '@infermesh/kernel'
import { attestedKeysOf, type PeerEffect, type PeerServices, type Signer, toHex } from '@infermesh/protocol'
import { AEAD, encodeKeyConfigs, KeyRing, must, obliviousOf } from '@infermesh/protocol/oblivious'
import type { ObliviousGatewayConfig } from './oblivious-config.ts'

export const ANNOUNCE_KEY = 'oblivious/announce'

/** Makes the keys that requests are sealed to, tells of them, and drops them when their time is over. Secrets are never saved. */
export class KeyKeeper {
  readonly ring = new KeyRing()
  readonly #config: Required<ObliviousGatewayConfig>
  readonly #services: PeerServices
  readonly #signer: Signer
  #keyId = 0
  #publishedUntil: Millis = 0

  constructor(config: Required<ObliviousGatewayConfig>, services: PeerServices, signer: Signer) {
    this.#config = config
    this.#services = services
    this.#signer = signer
  }

  /** A start draws its first key id, so that one of before a restart is unknown rather than mistaken. */
  onStarted(now: Millis): PeerEffect[] {
    this.#keyId = obliviousOf(this.#services).entropy(1)[0] ?? 0
    return this.announce(now)
  }

  announce(now: Millis): PeerEffect[] {
    if (now >= this.#publishedUntil) this.#rotate(now)
    const until = this.#publishedUntil
    const keys = this.published(now)
    const userData = attestedKeysOf(this.#services.crypto.hash, this.#services.identity.peerId, { keys, from: now, until })
    const attestation = this.#services.attest({ measurement: this.#config.measurement, userData, nonce: new Uint8Array(0) }, now)
    const statement = this.#signer.sign('keyConfig', { keys, from: now, until, attestation: attestation.bytes }, now)
    const event = { type: 'keysPublished', keyId: this.#keyId, until, envelope: toHex(statement.bytes) } as const
    return [emit(event), publish('keys', statement), setTimer(ANNOUNCE_KEY, Math.min(this.#config.announceEvery, until - now))]
  }

  /** `application/ohttp-keys`. */
  published(now: Millis): Uint8Array {
    return encodeKeyConfigs(this.ring.published(now))
  }

  #rotate(now: Millis): void {
    const { primitives, entropy } = obliviousOf(this.#services)
    const { keyLife, keyOverlap } = this.#config
    this.#keyId = (this.#keyId + 1) % 256
    this.#publishedUntil = now + keyLife
    const keyPair = primitives.keyPair(entropy(32))
    const config = { keyId: this.#keyId, publicKey: keyPair.publicKey, aeads: AEADS }
    // With short lives the overlap is short too: a third key at once would divide the clients further.
    const acceptedUntil = this.#publishedUntil + Math.min(keyOverlap, keyLife)
    must(this.ring.add({ config, keyPair, publishedFrom: now, publishedUntil: this.#publishedUntil, acceptedUntil }, now))
  }
}

const AEADS = [AEAD.aes128Gcm, AEAD.chaCha20Poly1305] as const
