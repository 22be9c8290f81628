import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame, FrameInvalid } from './frame.ts'

test('every frame decodes to itself', () => {
  fc.assert(
    fc.property(frames, (frame) => {
      expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
    }),
  )
})

test('any other bytes are refused as invalid, never as another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        decodeFrame(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(FrameInvalid)
      }
    }),
  )
})

test('a refusal carries no more than 200 characters of detail', () => {
  const frame = decodeFrame(encodeFrame({ kind: 'refused', call: 1, failure: { code: 'invalid', detail: 'x'.repeat(5000) } }))

  expect(frame.kind === 'refused' && frame.failure.detail.length).toBe(200)
})

test('a refusal with a code that only the asking end can find is invalid', () => {
  const bytes = encodeFrame({ kind: 'refused', call: 1, failure: { code: 'lost', detail: '' } })

  expect(() => decodeFrame(bytes)).toThrow(FrameInvalid)
})

const call = fc.integer({ min: 0, max: 0xffffffff })
const body = fc.uint8Array({ maxLength: 200 })
const detail = fc.string({ maxLength: 200, unit: 'grapheme-ascii' })
const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), call, body }),
  fc.record({ kind: fc.constant('answer' as const), call, last: fc.boolean(), body }),
  fc.record({ kind: fc.constant('cancel' as const), call }),
  fc.record({
    kind: fc.constant('refused' as const),
    call,
    failure: fc.record({ code: fc.constantFrom('overflow' as const, 'invalid' as const), detail }),
  }),
)
