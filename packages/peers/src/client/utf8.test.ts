import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8Bytes } from './utf8.ts'

test('spells every text like the platform does', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constant('a\ud800b')), (text) => {
      expect([...utf8Bytes(text)]).toEqual([...Buffer.from(text.toWellFormed(), 'utf8')])
    }),
  )
})
