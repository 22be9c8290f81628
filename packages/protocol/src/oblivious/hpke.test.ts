import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { EMPTY } from './bytes.ts'
import { deriveKeyPair, hpkeTerms, setupRecipient, setupSender } from './hpke.ts'
import { nodePrimitives } from './node/primitives.ts'
import { vectorFile } from './node/vector-file.ts'
import { portablePrimitives } from './portable-primitives.ts'
import { AEAD, type AeadId, type HpkePrimitives } from './primitives.ts'
import { must } from './result.ts'
import { sizedPrimitives } from './sized-primitives.ts'

const file = vectorFile<readonly HpkeVector[]>('hpke-rfc9180-x25519-sha256.json')
const fast = nodePrimitives()

for (const primitives of [portablePrimitives, fast]) {
  test.skipIf(!file.vectors)(`matches RFC 9180 on the ${primitives.name} back end (needs ${file.path})`, () => {
    let sealed = 0
    for (const vector of file.vectors ?? []) sealed += checkVector(primitives, vector)

    expect(file.vectors?.length).toBe(8)
    expect(sealed).toBe(36)
  })
}

test.each([portablePrimitives, fast, sizedPrimitives])(
  'a $name context opens only the right bytes, in order, under the right key',
  (primitives) => {
    const { sender, recipient, stranger } = pairOf(primitives)
    const first = sender.seal(EMPTY, bytesOf('first'))
    const second = sender.seal(bytesOf('aad'), bytesOf('second'))

    expect(recipient.open(bytesOf('aad'), second)).toMatchObject({ ok: false, code: 'decrypt-failed' })
    expect(stranger.open(EMPTY, first)).toMatchObject({ ok: false, code: 'decrypt-failed' })
    for (let bit = 0; bit < first.length * 8; bit += 3) {
      const changed = first.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(recipient.open(EMPTY, changed).ok).toBe(false)
    }
    expect(recipient.open(bytesOf('x'), first).ok).toBe(false)
    expect(recipient.open(EMPTY, first)).toEqual({ ok: true, value: bytesOf('first') })
    expect(recipient.open(bytesOf('aad'), second)).toEqual({ ok: true, value: bytesOf('second') })
    expect(recipient.open(EMPTY, first).ok).toBe(false)
  },
)

test.each([portablePrimitives, fast])('refuses public keys of low order and of the wrong length on the $name back end', (primitives) => {
  const terms = hpkeTerms(primitives, { aead: AEAD.aes128Gcm, info: EMPTY })
  const own = primitives.keyPair(new Uint8Array(32).fill(7))
  const one = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))

  for (const peer of [new Uint8Array(32), one, new Uint8Array(31), new Uint8Array(33), EMPTY]) {
    expect(setupSender(primitives, terms, { recipient: peer, ephemeral: own })).toMatchObject({ ok: false, code: 'bad-key' })
    expect(setupRecipient(primitives, terms, { recipient: own, enc: peer })).toMatchObject({ ok: false, code: 'bad-key' })
  }
})

test('all back ends give bytes of the same lengths', () => {
  const lengths = [portablePrimitives, fast, sizedPrimitives].map((primitives) => {
    const { sender } = pairOf(primitives)
    return [sender.enc.length, sender.seal(EMPTY, new Uint8Array(100)).length, sender.export(EMPTY, 77).length]
  })

  expect(lengths).toEqual([
    [32, 116, 77],
    [32, 116, 77],
    [32, 116, 77],
  ])
})

test('a key array that is filled with other bytes is not mistaken for the old key', () => {
  const secret = new Uint8Array(32).fill(1)
  const before = fast.keyPair(secret).publicKey

  secret.fill(2)

  expect(fast.keyPair(secret).publicKey).not.toEqual(before)
  expect(fast.keyPair(secret).publicKey).toEqual(portablePrimitives.keyPair(secret).publicKey)
})

interface HpkeVector {
  readonly mode: number
  readonly aead_id: AeadId
  readonly info: string
  readonly ikmR: string
  readonly ikmE: string
  readonly pkRm: string
  readonly pkEm: string
  readonly enc: string
  readonly psk?: string
  readonly psk_id?: string
  readonly encryptions: readonly { seq: number; aad: string; ct: string; pt: string }[]
  readonly exports: readonly { exporter_context: string; L: number; exported_value: string }[]
}

function checkVector(primitives: HpkePrimitives, vector: HpkeVector): number {
  const psk = vector.psk && vector.psk_id ? { psk: { key: hexToBytes(vector.psk), id: hexToBytes(vector.psk_id) } } : {}
  const terms = hpkeTerms(primitives, { aead: vector.aead_id, info: hexToBytes(vector.info), ...psk })
  const recipientKey = deriveKeyPair(primitives, hexToBytes(vector.ikmR))
  const ephemeral = deriveKeyPair(primitives, hexToBytes(vector.ikmE))
  expect(bytesToHex(recipientKey.publicKey)).toBe(vector.pkRm)
  expect(bytesToHex(ephemeral.publicKey)).toBe(vector.pkEm)
  const sender = must(setupSender(primitives, terms, { recipient: recipientKey.publicKey, ephemeral }))
  const recipient = must(setupRecipient(primitives, terms, { recipient: recipientKey, enc: sender.enc }))
  expect(bytesToHex(sender.enc)).toBe(vector.enc)
  for (let seq = 0; seq <= (vector.encryptions.at(-1)?.seq ?? -1); seq++) {
    const known = vector.encryptions.find((encryption) => encryption.seq === seq)
    const aad = hexToBytes(known?.aad ?? '')
    const sealed = sender.seal(aad, hexToBytes(known?.pt ?? ''))
    if (known) expect(bytesToHex(sealed)).toBe(known.ct)
    expect(must(recipient.open(aad, sealed))).toEqual(hexToBytes(known?.pt ?? ''))
  }
  for (const { exporter_context, L, exported_value } of vector.exports) {
    expect(bytesToHex(sender.export(hexToBytes(exporter_context), L))).toBe(exported_value)
    expect(bytesToHex(recipient.export(hexToBytes(exporter_context), L))).toBe(exported_value)
  }
  return vector.encryptions.length
}

function pairOf(primitives: HpkePrimitives) {
  const terms = hpkeTerms(primitives, { aead: AEAD.chaCha20Poly1305, info: bytesOf('info') })
  const key = primitives.keyPair(new Uint8Array(32).fill(3))
  const ephemeral = primitives.keyPair(new Uint8Array(32).fill(4))
  const sender = must(setupSender(primitives, terms, { recipient: key.publicKey, ephemeral }))
  const recipient = must(setupRecipient(primitives, terms, { recipient: key, enc: sender.enc }))
  const other = primitives.keyPair(new Uint8Array(32).fill(5))
  const stranger = must(setupRecipient(primitives, terms, { recipient: other, enc: sender.enc }))
  return { sender, recipient, stranger }
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
