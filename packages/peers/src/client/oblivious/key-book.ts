import type { Millis, PeerId } from '@infermesh/kernel'
import {
  attestedKeysOf,
  DecodeFailed,
  type Envelope,
  fromHex,
  type MessageOf,
  openAs,
  type PeerServices,
  peerIdFromKey,
  type StatementType,
} from '@infermesh/protocol'
import { decodeKeyConfigs, type KeyConfig } from '@infermesh/protocol/oblivious'
import { decodeRsaKey, type IssuerKey, issuerKeyOf } from '@infermesh/protocol/tokens'
import { contextOf } from '../opened-request.ts'

export interface KnownIssuer {
  readonly peer: PeerId
  readonly key: IssuerKey
  readonly worth: number
}

/** A key config that was not believed, and why. */
export interface RefusedKeys {
  readonly gateway: PeerId
  readonly reason: string
}

/**
 * Gateways' keys, each believed only with the gateway's signature and its platform's attestation of the very bytes. A relay or registry
 * that swaps a key could read everything sealed to it.
 */
export class KeyBook {
  readonly #services: PeerServices
  readonly #measurement: string
  readonly #configs = new Map<PeerId, { readonly config: KeyConfig; readonly until: Millis; readonly at: Millis }>()
  #issuer: KnownIssuer | undefined

  constructor(services: PeerServices, measurement: string) {
    this.#services = services
    this.#measurement = measurement
  }

  /** The gateway's preferred key, if it is published still. */
  get(gateway: PeerId, now: Millis): KeyConfig | undefined {
    const known = this.#configs.get(gateway)
    return known === undefined || now >= known.until ? undefined : known.config
  }

  /** When the key that is known of a gateway ends. */
  until(gateway: PeerId): Millis {
    return this.#configs.get(gateway)?.until ?? Number.POSITIVE_INFINITY
  }

  /** What the gateway says that it does not hold is not used again. */
  forget(gateway: PeerId): void {
    this.#configs.delete(gateway)
  }

  issuer(): KnownIssuer | undefined {
    return this.#issuer
  }

  take({ keyConfigs, tokenKeys }: MessageOf<'KeysFound'>, now: Millis): readonly RefusedKeys[] {
    for (const raw of tokenKeys) this.#takeTokenKey(raw, now)
    return keyConfigs.flatMap((raw) => {
      const envelope = this.#open('keyConfig', raw)
      if (envelope === undefined) return [{ gateway: this.#services.identity.peerId, reason: 'a key config that does not open' }]
      const reason = this.#faultOf(envelope, now)
      return reason === undefined ? [] : [{ gateway: envelope.signer, reason }]
    })
  }

  #faultOf(envelope: Envelope<'keyConfig'>, now: Millis): string | undefined {
    const { signer, payload, at } = envelope
    if (!this.#services.directory.has(signer, 'gateway')) return 'its signer is not a gateway'
    if (now >= payload.until || payload.from > now + SKEW) return 'it is not in force'
    const attestation = this.#open('attestation', payload.attestation)
    const root = peerIdFromKey(fromHex(this.#services.directory.genesis.attestationRoot))
    if (attestation === undefined || attestation.signer !== root) return 'its attestation is not signed by the attestation root'
    if (attestation.payload.subject !== signer) return 'its attestation is for another peer'
    if (attestation.payload.measurement !== this.#measurement) return 'other code than expected holds the secret'
    const { attested, config } = this.#shared('keys read', envelope.bytes, () => this.#readKeys(envelope))
    if (attestation.payload.userData !== attested) return 'its attestation is for other keys'
    if (config === undefined) return 'it holds no key that can be used here'
    const known = this.#configs.get(signer)
    if (known === undefined || known.at <= at) this.#configs.set(signer, { config, until: payload.until, at })
    return undefined
  }

  #takeTokenKey(raw: Uint8Array, now: Millis): void {
    const envelope = this.#open('tokenKey', raw)
    if (envelope === undefined || now >= envelope.payload.until || !this.#services.directory.has(envelope.signer, 'issuer')) return
    const { issuer } = this.#shared('issuer read', envelope.bytes, () => readIssuer(envelope))
    this.#issuer = issuer ?? this.#issuer
  }

  #readKeys({ signer, payload }: Envelope<'keyConfig'>): { readonly attested: string; readonly config: KeyConfig | undefined } {
    const configs = decodeKeyConfigs(payload.keys)
    return { attested: attestedKeysOf(this.#services.crypto.hash, signer, payload), config: configs.ok ? configs.value[0] : undefined }
  }

  /** All clients of one world are given the same keys, and read the same in them. */
  #shared<T extends object>(purpose: string, bytes: Uint8Array, read: () => T): T {
    const { crypto } = this.#services
    return crypto.once === undefined ? read() : crypto.once(purpose, bytes, read, KEYS_KEPT)
  }

  #open<K extends StatementType>(type: K, raw: Uint8Array): Envelope<K> | undefined {
    try {
      return openAs(type, raw, contextOf(this.#services))
    } catch (failure) {
      if (failure instanceof DecodeFailed) return undefined
      throw failure
    }
  }
}

function readIssuer({ signer, payload }: Envelope<'tokenKey'>): { readonly issuer: KnownIssuer | undefined } {
  const key = decodeRsaKey(payload.key)
  return { issuer: key.ok ? { peer: signer, key: issuerKeyOf(key.value), worth: payload.worth } : undefined }
}

/** A world has few keys in force. */
const KEYS_KEPT = 256
/** Clocks differ. */
const SKEW: Millis = 60_000
