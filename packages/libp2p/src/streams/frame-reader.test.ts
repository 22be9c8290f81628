import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { expect, test } from 'vitest'
import { FrameInvalid } from './frame.ts'
import { FrameReader } from './frame-reader.ts'

test('finds the frames that it-length-prefixed wrote, wherever the bytes were cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 })),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (frames, cuts) => {
        const wire = Buffer.concat(
          pipe(
            frames,
            (source) => encode(source),
            (parts) => [...parts],
          ),
        )
        const reader = new FrameReader(300)

        const found: Uint8Array[] = []
        for (let at = 0, turn = 0; at < wire.length; turn++) {
          const cut = cuts[turn % cuts.length] ?? 1
          found.push(...reader.read(wire.subarray(at, at + cut)))
          at += cut
        }

        expect(found.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]))
      },
    ),
  )
})

test('refuses a longer frame when its length is known, not when it has arrived', () => {
  const reader = new FrameReader(300)

  expect([...reader.read(encode.single(new Uint8Array(300)))]).toHaveLength(1)
  expect(() => [...reader.read(encode.single(new Uint8Array(301)).subarray(0, 2))]).toThrow(FrameInvalid)
})

test('refuses a length that never ends', () => {
  expect(() => [...new FrameReader(2 ** 27).read(new Uint8Array(5).fill(0x80))]).toThrow(FrameInvalid)
})
