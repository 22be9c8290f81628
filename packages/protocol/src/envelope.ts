import type { AnyEnvelope, Cryptography, Millis, PeerIdentity } from '@infermesh/kernel'
import { decodeSign1, encodeSign1 } from './cose-sign1.ts'
import { headerOf, readHeader, toBeSigned } from './protected-header.ts'
import { type Statement, type StatementType, statements } from './statements/index.ts'
import { decodeCbor, encodeCbor } from './wire/cbor.ts'
import { DecodeFailed } from './wire/decode-failed.ts'
import { bytes, struct, toHex, uint } from './wire/schema.ts'

/** A decoded, signed statement. `bytes` is a COSE_Sign1 (RFC 9052); `id` its SHA-256 in hex. */
export type Envelope<K extends StatementType = StatementType> = {
  [T in K]: AnyEnvelope & {
    readonly type: T
    readonly payload: Statement<T>
    /** Counts the signer's statements. */
    readonly seq: number
    /** The signer's clock, ms since the run's epoch. */
    readonly at: Millis
  }
}[K]

/** Largest envelope that is looked at: big bodies travel by hash, on streams. */
export const ENVELOPE_BYTES_MAX = 64 * 1024

const content = struct({
  seq: uint(),
  at: uint(),
  payload: { toWire: (wire: unknown) => wire, fromWire: (wire: unknown) => wire, sample: () => null },
})
const signatureBytes = bytes(64, 64)

export interface SealingContext {
  readonly networkId: string
  readonly crypto: Cryptography
}

/** Signs statements for one peer and counts them. */
export class Signer {
  readonly identity: PeerIdentity
  readonly #context: SealingContext
  #seq: number

  constructor(identity: PeerIdentity, context: SealingContext, firstSeq = 0) {
    this.identity = identity
    this.#context = context
    this.#seq = firstSeq
  }

  sign<K extends StatementType>(type: K, payload: Statement<K>, now: Millis): Envelope<K> {
    const { crypto, networkId } = this.#context
    const seq = this.#seq++
    const header = headerOf(type, this.identity.publicKey, networkId)
    const body = encodeCbor(content.toWire({ seq, at: now, payload: schemaOf(type).toWire(payload) }))
    const signature = crypto.sign(this.identity.privateKey, toBeSigned(header, body))
    const raw = encodeSign1({ header: header.bytes, body, signature })
    const id = toHex(crypto.hash(raw))
    return { id, type, signer: this.identity.peerId, bytes: raw, payload, seq, at: now } as Envelope<K>
  }
}

const schemaOf = <K extends StatementType>(type: K) =>
  statements[type] as unknown as { toWire(value: unknown): unknown; fromWire(wire: unknown, path: string): Statement<K> }

/** Size, then form, then signature. Throws `DecodeFailed` at the first that fails. */
export function openEnvelope(raw: Uint8Array, context: SealingContext): Envelope {
  if (raw.length > ENVELOPE_BYTES_MAX) throw new DecodeFailed('envelope', `at most ${ENVELOPE_BYTES_MAX} bytes`, `${raw.length}`)
  const { header: headerBytes, body, signature } = decodeSign1(raw)
  const header = readHeader(headerBytes, context.networkId)
  const { type, signer } = header
  const { seq, at, payload } = content.fromWire(decodeCbor(body), 'envelope.content')
  const statement = schemaOf(type).fromWire(payload, type)
  if (!context.crypto.verify(header.publicKey, toBeSigned(header, body), signatureBytes.fromWire(signature, 'envelope.signature'))) {
    throw new DecodeFailed('envelope.signature', `a signature by ${signer} over this ${type} on network ${context.networkId}`, 'another')
  }
  const id = toHex(context.crypto.hash(raw))
  return { id, type, signer, bytes: raw, payload: statement, seq, at } as Envelope
}

/** Opens an envelope that must hold one kind of statement. */
export function openAs<K extends StatementType>(type: K, raw: Uint8Array, context: SealingContext): Envelope<K> {
  const envelope = openEnvelope(raw, context)
  if (envelope.type !== type) throw new DecodeFailed('envelope.type', type, envelope.type)
  return envelope as Envelope<K>
}
