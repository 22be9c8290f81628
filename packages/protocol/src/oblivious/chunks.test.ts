import { utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, EMPTY } from './bytes.ts'
import { ChunkOpener, ChunkSealer, chunkLimits } from './chunks.ts'
import { AEAD } from './primitives.ts'
import { ResponseKeys } from './response-keys.ts'
import { must } from './result.ts'
import { sizedPrimitives } from './sized-primitives.ts'
import { encodeVarint } from './varint.ts'

const limits = { chunk: 64, total: 4096 }

test('a stream comes out whole however it was cut, on either side', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (pushes, sizes) => {
        const sealer = sealing()
        const bytes = concat(...pushes.map((push) => sealer.push(push)), sealer.finish(utf8ToBytes('end')))

        expect(concat(...openInPieces(bytes, sizes))).toEqual(concat(...pushes, utf8ToBytes('end')))
      },
    ),
  )
})

test('a stream cut anywhere before its end is not complete', () => {
  const sealer = sealing()
  const bytes = concat(sealer.push(utf8ToBytes('one')), sealer.push(utf8ToBytes('two')), sealer.finish(utf8ToBytes('three')))

  for (let cut = 0; cut < bytes.length; cut++) {
    const opener = opening()
    const pushed = opener.push(bytes.subarray(0, cut))
    expect(pushed.ok && opener.end().ok).toBe(false)
  }
})

test('a stream cut between two chunks is truncated, though all it holds has opened', () => {
  const opener = opening()
  const pushed = opener.push(sealing().push(utf8ToBytes('one')))

  expect(must(pushed)).toEqual([utf8ToBytes('one')])
  expect(opener.end()).toMatchObject({ ok: false, code: 'truncated' })
  expect(opening().end()).toMatchObject({ ok: false, code: 'truncated' })
})

test('chunks that were swapped, repeated, dropped or changed do not open', () => {
  const sealer = sealing()
  const [one, two, end] = [sealer.push(utf8ToBytes('one')), sealer.push(utf8ToBytes('two')), sealer.finish()]

  for (const order of [
    [two, one, end],
    [one, one, two, end],
    [one, end],
    [two, end],
    [one, two, one, end],
  ]) {
    const opener = opening()
    const pushed = opener.push(concat(...order))
    expect(pushed.ok && opener.end().ok).toBe(false)
  }
  const whole = concat(one, two, end)
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const changed = new Uint8Array(whole)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const opener = opening()
    const pushed = opener.push(changed)
    expect(pushed.ok && opener.end().ok).toBe(false)
  }
})

test('a chunk sealed as ordinary cannot stand as the final one, nor the other way round', () => {
  const ordinary = sealing().push(utf8ToBytes('one')).subarray(1)
  const final = sealing().finish(utf8ToBytes('one')).subarray(1)

  const asFinal = opening()
  must(asFinal.push(concat(encodeVarint(0), ordinary)))
  expect(asFinal.end()).toMatchObject({ ok: false, code: 'decrypt-failed' })
  expect(opening().push(concat(encodeVarint(final.length), final))).toMatchObject({ ok: false, code: 'decrypt-failed' })
})

test('an empty chunk that is not final counts as a failure to open', () => {
  const keys = responseKeys()
  const sealed = keys.seal(0, EMPTY)

  expect(opening().push(concat(encodeVarint(sealed.length), sealed))).toMatchObject({ ok: false, code: 'decrypt-failed' })
  expect(sealing().push(EMPTY)).toEqual(EMPTY)
})

test('bytes after the final chunk break it', () => {
  const opener = opening()
  must(opener.push(concat(sealing().finish(), Uint8Array.of(0))))

  expect(opener.end()).toMatchObject({ ok: false, code: 'decrypt-failed' })
})

test('an announced chunk, a final chunk and a stream over their limits are refused before they fill memory', () => {
  expect(opening().push(encodeVarint(limits.chunk + 17))).toMatchObject({ ok: false, code: 'too-large' })
  expect(opening().push(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toMatchObject({ ok: false, code: 'too-large' })
  expect(opening().push(new Uint8Array(limits.chunk + 18))).toMatchObject({ ok: false, code: 'too-large' })
  expect(opening().push(sealing().push(new Uint8Array(limits.total + 1)))).toMatchObject({ ok: false, code: 'too-large' })
  expect(opening().push(sealing().push(new Uint8Array(limits.total))).ok).toBe(true)
})

test('the default limits take a chunk of 16,384 bytes', () => {
  const keys = responseKeys()
  const sealer = new ChunkSealer((chunk, aad) => keys.seal(0, chunk, aad), chunkLimits)
  const opener = new ChunkOpener((sealed, aad) => keys.open(0, sealed, aad), chunkLimits)

  expect(must(opener.push(sealer.push(new Uint8Array(16384).fill(5))))[0]?.length).toBe(16384)
})

test('the first failure is final', () => {
  const opener = opening()
  const first = opener.push(Uint8Array.of(20, ...new Uint8Array(20)))

  expect(first.ok).toBe(false)
  expect(opener.push(sealing().push(utf8ToBytes('fine')))).toBe(first)
  expect(opener.end()).toBe(first)
})

test('random bytes give a value, never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const opener = opening()
      const pushed = opener.push(new Uint8Array(bytes))
      expect(pushed.ok && opener.end().ok).toBe(false)
    }),
  )
})

function responseKeys(): ResponseKeys {
  const source = { aead: AEAD.aes128Gcm, enc: new Uint8Array(32), secret: new Uint8Array(16) }
  return new ResponseKeys(sizedPrimitives, source, new Uint8Array(16))
}

function sealing(): ChunkSealer {
  const keys = responseKeys()
  let sequence = 0
  return new ChunkSealer((chunk, aad) => keys.seal(sequence++, chunk, aad), limits)
}

function opening(): ChunkOpener {
  const keys = responseKeys()
  let sequence = 0
  return new ChunkOpener((sealed, aad) => keys.open(sequence++, sealed, aad), limits)
}

function openInPieces(bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const opener = opening()
  const opened: Uint8Array[] = []
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    opened.push(...must(opener.push(bytes.subarray(offset, offset + size))))
    offset += size
  }
  return [...opened, must(opener.end())]
}
