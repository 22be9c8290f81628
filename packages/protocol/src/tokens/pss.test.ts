import { sha384 } from '@noble/hashes/sha2.js'
import { expect, test } from 'vitest'
import { encodePss, verifyPss } from './pss.ts'

const message = Uint8Array.of(1, 2, 3)

test.each([1023, 1024, 1017])('an encoding to %i bits verifies, and no other with one bit changed does', (bits) => {
  for (const salt of [new Uint8Array(48).fill(9), new Uint8Array(0)]) {
    const encoded = encodePss(sha384, message, { bits, salt })
    const verifies = (bytes: Uint8Array) => verifyPss(sha384, message, { bytes, bits, saltLength: salt.length })

    expect(verifies(encoded)).toBe(true)
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      expect(verifies(encoded.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)))).toBe(false)
    }
  }
})

test('a message or a salt length other than the encoded one does not verify', () => {
  const bytes = encodePss(sha384, message, { bits: 1023, salt: new Uint8Array(48) })

  expect(verifyPss(sha384, Uint8Array.of(1, 2), { bytes, bits: 1023, saltLength: 48 })).toBe(false)
  expect(verifyPss(sha384, message, { bytes, bits: 1023, saltLength: 47 })).toBe(false)
  expect(verifyPss(sha384, message, { bytes: bytes.subarray(1), bits: 1023, saltLength: 48 })).toBe(false)
})
