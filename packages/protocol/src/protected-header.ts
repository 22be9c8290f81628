import type { PeerId } from '@infermesh/kernel'
import { bytesHead } from './cose-sign1.ts'
import { asciiBytes, concatBytes } from './derive.ts'
import { type StatementType, statements } from './statements/index.ts'
import { decodeCbor, encodeCbor } from './wire/cbor.ts'
import { DecodeFailed } from './wire/decode-failed.ts'
import { peerIdFromKey } from './wire/peer-id.ts'
import { bytes } from './wire/schema.ts'

const EDDSA = -8
const key = bytes(32, 32)

/** What a COSE_Sign1 says of itself in its protected header: algorithm, the statement's name (content type), the signer's key (kid). */
export interface Header {
  readonly type: StatementType
  readonly publicKey: Uint8Array
  readonly signer: PeerId
  readonly bytes: Uint8Array
  /** Sig_structure (RFC 9052 §4.4) up to the payload. */
  readonly signedFront: Uint8Array
}

// A network has few signers and kinds, and a header costs a third of all that is not the signature.
const headers = new Map<string, Header>()
const HEADERS_KEPT = 4096

/** Decodes a header, or knows it from before. */
export function readHeader(raw: Uint8Array, networkId: string): Header {
  const name = networkId + String.fromCharCode(...raw)
  const known = headers.get(name)
  if (known !== undefined) return known
  const header = decodeHeader(raw, networkId)
  headers.set(name, header)
  if (headers.size > HEADERS_KEPT) headers.delete(headers.keys().next().value as string)
  return header
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
  const publicKey = key.fromWire(fields.get(4), 'envelope.protected.kid').slice()
  const external = asciiBytes(`infermesh/1/${type}/${networkId}`)
  const whole = encodeCbor(['Signature1', raw, external, new Uint8Array()])
  return { type, publicKey, signer: peerIdFromKey(publicKey), bytes: raw.slice(), signedFront: whole.subarray(0, -1) }
}

const isStatementType = (value: unknown): value is StatementType => typeof value === 'string' && Object.hasOwn(statements, value)
