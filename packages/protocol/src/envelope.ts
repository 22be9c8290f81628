import type { AnyEnvelope, Cryptography, Millis, PeerIdentity } from '@infermesh/kernel'
import { type Statement, type StatementType, statements } from './statements/index.ts'
import { decodeCbor, encodeCbor } from './wire/cbor.ts'
import { DecodeFailed } from './wire/decode-failed.ts'
import { peerIdFromKey } from './wire/peer-id.ts'
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

const EDDSA = -8
const content = struct({
  seq: uint(),
  at: uint(),
  payload: { toWire: (wire: unknown) => wire, fromWire: (wire: unknown) => wire, sample: () => null },
})
const key = bytes(32, 32)
const signatureBytes = bytes(64, 64)

/** The key is in the protected header (kid), with the statement's name (content type). */
const protectedHeader = (type: StatementType, publicKey: Uint8Array): Uint8Array =>
  encodeCbor(
    new Map<number, unknown>([
      [1, EDDSA],
      [3, type],
      [4, publicKey],
    ]),
  )

/** The name and the network are signed too, so that a verdict can't be replayed as a receipt, or on another network. */
const toBeSigned = (header: Uint8Array, networkId: string, type: string, body: Uint8Array): Uint8Array =>
  encodeCbor(['Signature1', header, new TextBytes(`infermesh/1/${type}/${networkId}`).bytes, body])

/** UTF-8 without `TextEncoder`, which belongs to platforms and not to the language. Names are ASCII. */
class TextBytes {
  readonly bytes: Uint8Array
  constructor(value: string) {
    this.bytes = Uint8Array.from(value, (character) => character.charCodeAt(0) & 0x7f)
  }
}

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
    const header = protectedHeader(type, this.identity.publicKey)
    const body = encodeCbor(content.toWire({ seq, at: now, payload: schemaOf(type).toWire(payload) }))
    const signature = crypto.sign(this.identity.privateKey, toBeSigned(header, networkId, type, body))
    const raw = encodeCbor([header, new Map(), body, signature])
    const id = toHex(crypto.hash(raw))
    return { id, type, signer: this.identity.peerId, bytes: raw, payload, seq, at: now } as Envelope<K>
  }
}

const schemaOf = <K extends StatementType>(type: K) =>
  statements[type] as unknown as { toWire(value: unknown): unknown; fromWire(wire: unknown, path: string): Statement<K> }

const isStatementType = (value: unknown): value is StatementType => typeof value === 'string' && Object.hasOwn(statements, value)

/** Size, then form, then signature. Throws `DecodeFailed` at the first that fails. */
export function openEnvelope(raw: Uint8Array, context: SealingContext): Envelope {
  if (raw.length > ENVELOPE_BYTES_MAX) throw new DecodeFailed('envelope', `at most ${ENVELOPE_BYTES_MAX} bytes`, `${raw.length}`)
  const parts = decodeCbor(raw)
  if (!Array.isArray(parts) || parts.length !== 4) throw new DecodeFailed('envelope', 'a COSE_Sign1 list of four', typeof parts)
  const [headerBytes, unprotected, bodyBytes, signature] = parts as unknown[]
  const header = bytes(1, 256).fromWire(headerBytes, 'envelope.protected')
  const body = bytes(1, ENVELOPE_BYTES_MAX).fromWire(bodyBytes, 'envelope.payload')
  if (!(unprotected instanceof Map) || unprotected.size !== 0)
    throw new DecodeFailed('envelope.unprotected', 'an empty map', 'something else')
  const { type, publicKey } = readHeader(header)
  const { seq, at, payload } = content.fromWire(decodeCbor(body), 'envelope.content')
  const statement = schemaOf(type).fromWire(payload, type)
  if (
    !context.crypto.verify(
      publicKey,
      toBeSigned(header, context.networkId, type, body),
      signatureBytes.fromWire(signature, 'envelope.signature'),
    )
  ) {
    throw new DecodeFailed(
      'envelope.signature',
      `a signature by ${peerIdFromKey(publicKey)} over this ${type} on network ${context.networkId}`,
      'another',
    )
  }
  const id = toHex(context.crypto.hash(raw))
  return { id, type, signer: peerIdFromKey(publicKey), bytes: raw, payload: statement, seq, at } as Envelope
}

/** Opens an envelope that must hold one kind of statement. */
export function openAs<K extends StatementType>(type: K, raw: Uint8Array, context: SealingContext): Envelope<K> {
  const envelope = openEnvelope(raw, context)
  if (envelope.type !== type) throw new DecodeFailed('envelope.type', type, envelope.type)
  return envelope as Envelope<K>
}

function readHeader(header: Uint8Array): { type: StatementType; publicKey: Uint8Array } {
  const fields = decodeCbor(header)
  if (!(fields instanceof Map) || fields.size !== 3 || fields.get(1) !== EDDSA) {
    throw new DecodeFailed('envelope.protected', 'algorithm EdDSA, content type and key id', 'something else')
  }
  const type: unknown = fields.get(3)
  if (!isStatementType(type)) throw new DecodeFailed('envelope.protected.type', Object.keys(statements).join(', '), String(type))
  return { type, publicKey: key.fromWire(fields.get(4), 'envelope.protected.kid') }
}
