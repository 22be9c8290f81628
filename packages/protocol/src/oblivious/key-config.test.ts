import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, u16 } from './bytes.ts'
import { decodeKeyConfig, decodeKeyConfigs, encodeKeyConfig, encodeKeyConfigs, type KeyConfig } from './key-config.ts'
import { KeyRing } from './key-ring.ts'
import { portablePrimitives } from './portable-primitives.ts'
import { must } from './result.ts'

const config: KeyConfig = { keyId: 3, publicKey: new Uint8Array(32).fill(9), aeads: [1, 3] }
const listed = (bytes: Uint8Array): Uint8Array => concat(u16(bytes.length), bytes)

test('a list of key configs comes back as it was', () => {
  const configs = [config, { ...config, keyId: 4, aeads: [2] as const }]

  expect(decodeKeyConfigs(encodeKeyConfigs(configs))).toEqual({ ok: true, value: configs })
  expect(encodeKeyConfig(config).length).toBe(1 + 2 + 32 + 2 + 8)
})

test('one broken config discards the whole list', () => {
  const good = listed(encodeKeyConfig(config))
  const suites = encodeKeyConfig(config)
  const broken = [
    listed(encodeKeyConfig(config).subarray(0, -1)),
    listed(concat(encodeKeyConfig(config), Uint8Array.of(0))),
    listed(concat(suites.subarray(0, 35), u16(0))),
    listed(concat(suites.subarray(0, 35), u16(3), Uint8Array.of(0, 1, 0))),
    listed(concat(suites.subarray(0, 35), u16(6), Uint8Array.of(0, 1, 0, 1, 0, 1))),
    listed(Uint8Array.of(1, 0)),
    Uint8Array.of(0),
    u16(50),
  ]

  for (const bytes of broken) expect(decodeKeyConfigs(concat(good, bytes))).toMatchObject({ ok: false, code: 'malformed' })
})

test('configs with a KEM or suites that are not used here are left out, not errors', () => {
  const encoded = encodeKeyConfig(config)
  const unknownKem = concat(Uint8Array.of(9), u16(0x1234), new Uint8Array(20))
  const p256 = concat(Uint8Array.of(9), u16(0x0010), new Uint8Array(65), u16(4), u16(1), u16(1))
  const otherSuites = concat(encoded.subarray(0, 35), u16(8), u16(2), u16(1), u16(1), u16(0x7777))

  expect(decodeKeyConfigs(concat(...[unknownKem, p256, otherSuites, encoded].map(listed)))).toEqual({ ok: true, value: [config] })
})

test('hostile bytes give a value, never a throw', () => {
  const listOf = (bytes: Uint8Array): Uint8Array => encodeKeyConfigs([{ ...config, publicKey: bytes.slice(0, 32) }])

  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 60 }), fc.nat(), fc.nat(255), (bytes, at, byte) => {
      const changed = listOf(bytes)
      changed[at % changed.length] = byte
      for (const hostile of [bytes, changed, changed.subarray(0, at % changed.length)]) {
        expect(typeof decodeKeyConfigs(hostile).ok).toBe('boolean')
        expect(typeof decodeKeyConfig(hostile).ok).toBe('boolean')
      }
    }),
  )
})

test('a key ring publishes, still accepts, and then drops a key', () => {
  const ring = new KeyRing()
  must(ring.add(keyOf(1, 0), 0))
  must(ring.add(keyOf(2, 100), 0))

  expect(ring.published(50).map((key) => key.keyId)).toEqual([1])
  expect(ring.published(110).map((key) => key.keyId)).toEqual([2])
  expect(ring.find(1, 149)?.config.keyId).toBe(1)
  expect(ring.find(1, 150)).toBeUndefined()
  expect(ring.expire(149)).toEqual([])
  expect(ring.expire(150)).toEqual([1])
})

test('a key ring refuses a third key at once, and an id that still opens something', () => {
  const ring = new KeyRing()
  must(ring.add(keyOf(1, 0), 0))

  expect(ring.add(keyOf(1, 100), 10)).toMatchObject({ ok: false, code: 'key-id-in-use' })
  must(ring.add(keyOf(2, 100), 10))
  expect(ring.add(keyOf(3, 200), 20)).toMatchObject({ ok: false, code: 'too-many-keys' })
  expect(ring.add(keyOf(1, 200), 150).ok).toBe(true)
})

function keyOf(keyId: number, from: number) {
  const keyPair = portablePrimitives.keyPair(new Uint8Array(32).fill(keyId))
  return {
    config: { keyId, publicKey: keyPair.publicKey, aeads: [1] as const },
    keyPair,
    publishedFrom: from,
    publishedUntil: from + 100,
    acceptedUntil: from + 150,
  }
}
