import { expect, test } from 'vitest'
import { openEnvelope, Signer } from '../envelope.ts'
import { identityFromSeed, nodeCryptography, seedOf } from './cryptography.ts'

const alice = identityFromSeed(seedOf('test', 'alice'))
const context = { networkId: 'test', crypto: nodeCryptography }
const heartbeat = { slots: 4, busy: 1, queued: 0, models: [] }

test('an envelope opens to what was signed', () => {
  const sealed = new Signer(alice, context).sign('capacity', heartbeat, 5)

  const opened = openEnvelope(sealed.bytes, context)

  expect(opened).toEqual({ ...sealed, bytes: opened.bytes })
})

test('an envelope of another network does not open', () => {
  const sealed = new Signer(alice, { ...context, networkId: 'other' }).sign('capacity', heartbeat, 5)

  expect(() => openEnvelope(sealed.bytes, context)).toThrow(/expected a signature by 12D3KooW/)
})

test('no envelope with one changed bit opens', () => {
  const { bytes } = new Signer(alice, context).sign('capacity', heartbeat, 5)

  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Uint8Array.from(bytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => openEnvelope(changed, context)).toThrow()
  }
})

test('sealed bytes open with their key only', () => {
  const key = nodeCryptography.hash(Uint8Array.of(1))
  const sealed = nodeCryptography.seal(key, new Uint8Array(12), Uint8Array.of(1, 2, 3))

  expect([...(nodeCryptography.open(key, sealed) ?? [])]).toEqual([1, 2, 3])
  expect(nodeCryptography.open(nodeCryptography.hash(Uint8Array.of(2)), sealed)).toBeUndefined()
})
