import type { PeerId } from '@infermesh/kernel'
import { fromString, toString as toText } from 'uint8arrays'
import { DecodeFailed } from './decode-failed.ts'

/** A libp2p peer id of an Ed25519 key: identity multihash (0x00, 36 bytes) of the protobuf {type 1, 32 key bytes}. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

// Base58 costs microseconds and peers are few, so both directions are remembered.
const byKey = new Map<string, PeerId>()
const byPeer = new Map<PeerId, Uint8Array>()

export function peerIdFromKey(publicKey: Uint8Array): PeerId {
  const key = String.fromCharCode(...publicKey)
  const known = byKey.get(key)
  if (known !== undefined) return known
  const raw = new Uint8Array(PREFIX.length + 32)
  raw.set(PREFIX)
  raw.set(publicKey, PREFIX.length)
  const peerId = toText(raw, 'base58btc')
  byKey.set(key, peerId)
  byPeer.set(peerId, publicKey)
  return peerId
}

export function publicKeyOf(peerId: PeerId): Uint8Array {
  const known = byPeer.get(peerId)
  if (known !== undefined) return known
  const raw = fromString(peerId, 'base58btc')
  if (raw.length !== PREFIX.length + 32) throw new DecodeFailed('peer id', 'the id of an Ed25519 key', peerId)
  const publicKey = raw.slice(PREFIX.length)
  byPeer.set(peerId, publicKey)
  return publicKey
}
