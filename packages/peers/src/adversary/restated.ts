import type { Millis } from '@infermesh/kernel'
import { type Envelope, type PeerServices, Signer, type Statement, type StatementType, toHex } from '@infermesh/protocol'

/** Signs other statements in place of a machine's own: each original has one replacement, however often it is said. */
export class Restated<K extends StatementType> {
  readonly #services: PeerServices
  readonly #type: K
  readonly #change: (payload: Statement<K>) => Statement<K> | undefined
  readonly #known = new Map<string, Envelope<K> | undefined>()

  /** `change` returns undefined for what stays as it is. */
  constructor(services: PeerServices, type: K, change: (payload: Statement<K>) => Statement<K> | undefined) {
    this.#services = services
    this.#type = type
    this.#change = change
  }

  /** The lie, or undefined when the statement stays. `isNew` the first time. */
  of(original: Envelope<K>): { readonly envelope: Envelope<K>; readonly isNew: boolean } | undefined {
    if (this.#known.has(original.id)) {
      const envelope = this.#known.get(original.id)
      return envelope && { envelope, isNew: false }
    }
    const payload = this.#change(original.payload as Statement<K>)
    const envelope = payload && this.sign(payload, original)
    this.#known.set(original.id, envelope)
    return envelope && { envelope, isNew: true }
  }

  /** The replacement of a statement that is only known by its bytes. */
  ofBytes(bytes: Uint8Array): Envelope<K> | undefined {
    return this.#known.get(toHex(this.#services.crypto.hash(bytes)))
  }

  /** Signed as if it stood where the original does. */
  sign(payload: Statement<K>, original: { readonly seq: number; readonly at: Millis }): Envelope<K> {
    const { identity, directory, crypto } = this.#services
    const context = { networkId: directory.genesis.networkId, crypto }
    return new Signer(identity, context, original.seq).sign(this.#type, payload, original.at)
  }
}
