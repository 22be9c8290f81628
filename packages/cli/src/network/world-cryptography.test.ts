import type { Cryptography } from '@infermesh/kernel'
import { openEnvelope, Signer } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography, seedOf } from '@infermesh/protocol/node'
import { describe, expect, test } from 'vitest'
import { sharedCryptography } from './shared-cryptography.ts'
import { worldCryptography } from './world-cryptography.ts'

const run = { runSeed: 'any/1' }
const [alice, mallory] = ['alice', 'mallory'].map((name) => identityFromSeed(seedOf('test', name)))
if (alice === undefined || mallory === undefined) throw new Error('two identities')
const heartbeat = { slots: 4, busy: 1, queued: 0, models: [] }
const sealedBy = (crypto: Cryptography, identity = alice) =>
  new Signer(identity, { networkId: 'test', crypto }).sign('capacity', heartbeat, 5)

describe.each(['real', 'sized'] as const)('with crypto: %s', (kind) => {
  test('an envelope opens once for all, to what was signed', () => {
    const crypto = worldCryptography({ crypto: kind }, run)
    const sealed = sealedBy(crypto)
    const opened = openEnvelope(sealed.bytes, { networkId: 'test', crypto })

    expect(opened).toEqual({ ...sealed, bytes: opened.bytes })
    expect(openEnvelope(Uint8Array.from(sealed.bytes), { networkId: 'test', crypto })).toBe(opened)
  })

  test('an envelope with one changed bit does not open, whether the good one was opened before or not', () => {
    const crypto = worldCryptography({ crypto: kind }, run)
    const { bytes } = sealedBy(crypto)

    for (const before of [false, true]) {
      if (before) openEnvelope(bytes, { networkId: 'test', crypto })
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Uint8Array.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(() => openEnvelope(changed, { networkId: 'test', crypto })).toThrow()
      }
    }
  })

  test('bytes that are changed in place after they were opened do not open again', () => {
    const crypto = worldCryptography({ crypto: kind }, run)
    const { bytes } = sealedBy(crypto)
    openEnvelope(bytes, { networkId: 'test', crypto })

    bytes[60] = (bytes[60] ?? 0) ^ 1

    expect(() => openEnvelope(bytes, { networkId: 'test', crypto })).toThrow()
  })

  test('nobody signs in the name of another', () => {
    const crypto = worldCryptography({ crypto: kind }, run)
    // Mallory says that the key is Alice's, and signs with the only private key there is to Mallory.
    const forged = sealedBy(crypto, { ...alice, privateKey: mallory.privateKey })

    expect(() => openEnvelope(forged.bytes, { networkId: 'test', crypto })).toThrow(/expected a signature by/)
  })

  test('what was signed for another network does not open', () => {
    const crypto = worldCryptography({ crypto: kind }, run)
    const sealed = sealedBy(crypto)
    openEnvelope(sealed.bytes, { networkId: 'test', crypto })

    expect(() => openEnvelope(sealed.bytes, { networkId: 'other', crypto })).toThrow(/expected a signature by/)
  })
})

test('stand-ins have the length of signatures, are the same in every world of one run, and in no other', () => {
  const [first, again, other] = [run, run, { runSeed: 'any/2' }].map((plan) => worldCryptography({ crypto: 'sized' }, plan))
  if (first === undefined || again === undefined || other === undefined) throw new Error('three worlds')
  const { bytes } = sealedBy(first)

  expect(bytes).toHaveLength(sealedBy(nodeCryptography).bytes.length)
  expect(openEnvelope(bytes, { networkId: 'test', crypto: again }).signer).toBe(alice.peerId)
  for (const stranger of [other, nodeCryptography])
    expect(() => openEnvelope(bytes, { networkId: 'test', crypto: stranger })).toThrow(/expected a signature by/)
})

test('what was signed in a world is not verified by arithmetic again, and what came from outside is, once', () => {
  let verified = 0
  const counted: Cryptography = {
    ...nodeCryptography,
    verify: (publicKey, bytes, signature) => {
      verified++
      return nodeCryptography.verify(publicKey, bytes, signature)
    },
  }
  const crypto = sharedCryptography(counted)
  const [inside, outside] = [sealedBy(crypto).bytes, sealedBy(nodeCryptography, mallory).bytes]

  for (const bytes of [inside, inside, outside, outside]) openEnvelope(bytes, { networkId: 'test', crypto })

  expect(verified).toBe(1)
})
