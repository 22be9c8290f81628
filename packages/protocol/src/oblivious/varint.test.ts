import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeVarint, varintAt, varintSize } from './varint.ts'

test('matches the examples of RFC 9000 Appendix A.1', () => {
  expect(bytesToHex(encodeVarint(37))).toBe('25')
  expect(bytesToHex(encodeVarint(15293))).toBe('7bbd')
  expect(bytesToHex(encodeVarint(494878333))).toBe('9d7f3e7d')
  expect(varintAt(hexToBytes('4025'), 0)).toBe(37)
  expect(varintAt(hexToBytes('c2197c5eff14e88c'), 0)).toBe(Number(151288809941952652n))
})

test('any whole number comes back, and an integer cut short is not read', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = encodeVarint(value)

      expect(varintAt(bytes, 0)).toBe(value)
      expect(varintSize(bytes, 0)).toBe(bytes.length)
      expect(varintSize(bytes.subarray(0, -1), 0)).toBe(0)
    }),
  )
})
