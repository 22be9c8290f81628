import type { PeerId } from '@infermesh/kernel'
import { fromString, toString as toText } from 'uint8arrays'
import { sameBytes } from './cbor.ts'
import { DecodeFailed } from './decode-failed.ts'

/** A libp2p peer id of an Ed25519 key: identity multihash (0x00, 36 bytes) of the protobuf {type 1, 32 key bytes}. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

interface Known {
  readonly publicKey: Uint8Array
  readonly peerId: PeerId
}

// Base58 costs microseconds and peers are few, so both directions are remembered. Keys are found by their first word alone: where two
// share it, the latter is found and the other worked out anew.
const byWord = new Map<number, Known>()
const byPeer = new Map<PeerId, Uint8Array>()

export function peerIdFromKey(publicKey: Uint8Array): PeerId {
  const word = wordOf(publicKey)
  const known = byWord.get(word)
  if (known !== undefined && sameBytes(known.publicKey, publicKey)) return known.peerId
  const raw = new Uint8Array(PREFIX.length + 32)
  raw.set(PREFIX)
  raw.set(publicKey, PREFIX.length)
  const peerId = toText(raw, 'base58btc')
  // A copy: the key is mostly a view of a whole message, which must not be kept alive.
  const kept = publicKey.slice()
  byWord.set(word, { publicKey: kept, peerId })
  byPeer.set(peerId, kept)
  return peerId
}

const wordOf = (key: Uint8Array): number => ((key[0] ?? 0) << 24) | ((key[1] ?? 0) << 16) | ((key[2] ?? 0) << 8) | (key[3] ?? 0)

export function publicKeyOf(peerId: PeerId): Uint8Array {
  const known = byPeer.get(peerId)
  if (known !== undefined) return known
  const raw = fromString(peerId, 'base58btc')
  if (raw.length !== PREFIX.length + 32) throw new DecodeFailed('peer id', 'the id of an Ed25519 key', peerId)
  const publicKey = raw.slice(PREFIX.length)
  byPeer.set(peerId, publicKey)
  return publicKey
}
