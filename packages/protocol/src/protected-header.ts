import type { PeerId } from '@infermesh/kernel'
import { bytesHead } from './cose-sign1.ts'
import { asciiBytes, concatBytes } from './derive.ts'
import { type StatementType, statements } from './statements/index.ts'
import { decodeCbor, encodeCbor, sameBytes } from './wire/cbor.ts'
import { DecodeFailed } from './wire/decode-failed.ts'
import { peerIdFromKey } from './wire/peer-id.ts'

const EDDSA = -8
const KEY_BYTES = 32

/** What a COSE_Sign1 says of itself in its protected header: algorithm, the statement's name (content type), the signer's key (kid). */
export interface Header {
  readonly type: StatementType
  readonly publicKey: Uint8Array
  readonly signer: PeerId
  readonly networkId: string
  readonly bytes: Uint8Array
  /** Sig_structure (RFC 9052 §4.4) up to the payload. */
  readonly signedFront: Uint8Array
}

// A network has few signers and kinds, and a header costs a third of all that is not the signature.
// They are found by their end, which is the signer's, and compared whole.
const headers = new Map<number, Header[]>()
const HEADERS_KEPT = 4096
/** One signer has a header for each kind of statement; whoever makes up keys with one end gets no longer search. */
const SAME_END_MAX = 32
let headerCount = 0

/** Decodes a header, or knows it from before. */
export function readHeader(raw: Uint8Array, networkId: string): Header {
  const name = endOf(raw)
  const known = headers.get(name)?.find((header) => header.networkId === networkId && sameBytes(header.bytes, raw))
  return known ?? keep(name, decodeHeader(raw, networkId))
}

function keep(name: number, header: Header): Header {
  if (headerCount >= HEADERS_KEPT) {
    headers.clear()
    headerCount = 0
  }
  const same = headers.get(name) ?? []
  headers.set(name, same)
  if (same.length >= SAME_END_MAX) same.shift()
  same.push(header)
  headerCount++
  return header
}

function endOf(raw: Uint8Array): number {
  const end = raw.length - 4
  return ((raw[end] ?? 0) << 24) | ((raw[end + 1] ?? 0) << 16) | ((raw[end + 2] ?? 0) << 8) | (raw[end + 3] ?? 0)
}

export const headerOf = (type: StatementType, publicKey: Uint8Array, networkId: string): Header =>
  readHeader(encodeHeader(type, publicKey), networkId)

/** The name and the network are signed too, so that a verdict can't be replayed as a receipt, or on another network. */
export const toBeSigned = (header: Header, body: Uint8Array): Uint8Array => concatBytes(header.signedFront, bytesHead(body.length), body)

const encodeHeader = (type: StatementType, publicKey: Uint8Array): Uint8Array =>
  encodeCbor(
    new Map<number, unknown>([
      [1, EDDSA],
      [3, type],
      [4, publicKey],
    ]),
  )

function decodeHeader(raw: Uint8Array, networkId: string): Header {
  const fields = decodeCbor(raw)
  if (!(fields instanceof Map) || fields.size !== 3 || fields.get(1) !== EDDSA) {
    throw new DecodeFailed('envelope.protected', 'algorithm EdDSA, content type and key id', 'something else')
  }
  const type: unknown = fields.get(3)
  if (!isStatementType(type)) throw new DecodeFailed('envelope.protected.type', Object.keys(statements).join(', '), String(type))
  // Copies: the bytes are a view of a whole envelope, which must not be kept alive.
  const publicKey = keyFrom(fields.get(4)).slice()
  const external = asciiBytes(`infermesh/1/${type}/${networkId}`)
  const whole = encodeCbor(['Signature1', raw, external, new Uint8Array()])
  return { type, publicKey, signer: peerIdFromKey(publicKey), networkId, bytes: raw.slice(), signedFront: whole.subarray(0, -1) }
}

function keyFrom(found: unknown): Uint8Array {
  if (found instanceof Uint8Array && found.length === KEY_BYTES) return found
  throw new DecodeFailed(
    'envelope.protected.kid',
    `${KEY_BYTES} bytes`,
    found instanceof Uint8Array ? `${found.length} bytes` : typeof found,
  )
}

const isStatementType = (value: unknown): value is StatementType => typeof value === 'string' && Object.hasOwn(statements, value)
