import type { AnyEnvelope, Cryptography, Millis, PeerIdentity } from '@infermesh/kernel'
import { decodeSign1, encodeSign1 } from './cose-sign1.ts'
import { type Header, headerOf, readHeader, toBeSigned } from './protected-header.ts'
import { type Statement, type StatementType, statements } from './statements/index.ts'
import { DecodeFailed } from './wire/decode-failed.ts'
import { decodeAs, encodeAs, type Schema, struct, toHex, uint } from './wire/schema.ts'

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

const SIGNATURE_BYTES = 64

interface Content<K extends StatementType> {
  readonly seq: number
  readonly at: Millis
  readonly payload: Statement<K>
}

/** What is signed of each kind of statement, beside the header. */
const contents = new Map(
  Object.entries(statements).map(([type, payload]) => [
    type,
    struct({ seq: uint(), at: uint(), payload: payload as Schema<unknown> }) as Schema<unknown>,
  ]),
)
const contentOf = <K extends StatementType>(type: K) => contents.get(type) as Schema<Content<K>>

export interface SealingContext {
  readonly networkId: string
  readonly crypto: Cryptography
}

/** Signs statements for one peer and counts them. */
export class Signer {
  readonly identity: PeerIdentity
  readonly #context: SealingContext
  readonly #headers = new Map<StatementType, Header>()
  #seq: number

  constructor(identity: PeerIdentity, context: SealingContext, firstSeq = 0) {
    this.identity = identity
    this.#context = context
    this.#seq = firstSeq
  }

  sign<K extends StatementType>(type: K, payload: Statement<K>, now: Millis): Envelope<K> {
    const { crypto, networkId } = this.#context
    const seq = this.#seq++
    const header = this.#headers.get(type) ?? headerOf(type, this.identity.publicKey, networkId)
    this.#headers.set(type, header)
    const body = encodeAs(contentOf(type), { seq, at: now, payload })
    const signature = crypto.sign(this.identity.privateKey, toBeSigned(header, body))
    const raw = encodeSign1({ header: header.bytes, body, signature })
    const id = toHex(crypto.hash(raw))
    return { id, type, signer: this.identity.peerId, bytes: raw, payload, seq, at: now } as Envelope<K>
  }
}

/** Size, then form, then signature. Throws `DecodeFailed` at the first that fails. */
export function openEnvelope(raw: Uint8Array, context: SealingContext): Envelope {
  const { crypto, networkId } = context
  if (crypto.once === undefined) return open(raw, context)
  return crypto.once(`envelope ${networkId}`, raw, (copy) => open(copy, context))
}

function open(raw: Uint8Array, context: SealingContext): Envelope {
  if (raw.length > ENVELOPE_BYTES_MAX) throw new DecodeFailed('envelope', `at most ${ENVELOPE_BYTES_MAX} bytes`, `${raw.length}`)
  const { header: headerBytes, body, signature } = decodeSign1(raw)
  const header = readHeader(headerBytes, context.networkId)
  const { type, signer } = header
  const { seq, at, payload } = decodeAs(contentOf(type), body, type)
  if (signature.length !== SIGNATURE_BYTES)
    throw new DecodeFailed('envelope.signature', `${SIGNATURE_BYTES} bytes`, `${signature.length} bytes`)
  if (!context.crypto.verify(header.publicKey, toBeSigned(header, body), signature)) {
    throw new DecodeFailed('envelope.signature', `a signature by ${signer} over this ${type} on network ${context.networkId}`, 'another')
  }
  const id = toHex(context.crypto.hash(raw))
  return { id, type, signer, bytes: raw, payload, seq, at } as Envelope
}

/** Opens an envelope that must hold one kind of statement. */
export function openAs<K extends StatementType>(type: K, raw: Uint8Array, context: SealingContext): Envelope<K> {
  const envelope = openEnvelope(raw, context)
  if (envelope.type !== type) throw new DecodeFailed('envelope.type', type, envelope.type)
  return envelope as Envelope<K>
}
