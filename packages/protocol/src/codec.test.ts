import { randomFrom } from '@infermesh/kernel'
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, MESSAGE_BYTES_MAX } from './codec.ts'
import { ENVELOPE_BYTES_MAX, openEnvelope, Signer } from './envelope.ts'
import { type Message, streams } from './messages/index.ts'
import { identityFromSeed, nodeCryptography, seedOf } from './node/cryptography.ts'
import { type StatementType, statements } from './statements/index.ts'
import { encodeCbor } from './wire/cbor.ts'
import { DecodeFailed } from './wire/decode-failed.ts'

const context = { networkId: 'test', crypto: nodeCryptography }
const signer = new Signer(identityFromSeed(seedOf('test', 'alice')), context)
const messages = Object.values(streams).flatMap((stream) => Object.entries(stream))
const DRAWS = 50

describe.each(messages)('message %s', (type, schema) => {
  test('decodes to what was encoded, and has one spelling', () => {
    const random = randomFrom(type)

    for (let draw = 0; draw < DRAWS; draw++) {
      const message = { type, ...schema.sample(random) } as Message
      const bytes = encodeMessage(message)
      expect(decodeMessage(bytes)).toEqual(message)
      expect(encodeMessage(decodeMessage(bytes))).toEqual(bytes)
    }
  })

  test('a truncated or changed one is refused or is another message, and nothing else happens', () => {
    const random = randomFrom(`${type} changed`)

    for (let draw = 0; draw < DRAWS; draw++) {
      const bytes = encodeMessage({ type, ...schema.sample(random) } as Message)
      const cut = bytes.slice(0, random.below(bytes.length))
      expect(() => decodeMessage(cut)).toThrow(DecodeFailed)
      const changed = Uint8Array.from(bytes)
      changed[random.below(changed.length)] = random.below(256)
      refusedOrSpelledOnce(changed)
    }
  })
})

/** Whatever decodes must encode to the same bytes: there is no second spelling to slip through. */
function refusedOrSpelledOnce(bytes: Uint8Array): void {
  let message: Message
  try {
    message = decodeMessage(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeFailed)
    return
  }
  expect([...encodeMessage(message)]).toEqual([...bytes])
}

describe.each(Object.keys(statements) as StatementType[])('statement %s', (type) => {
  test('opens to what was signed, by its own name only', () => {
    const random = randomFrom(type)

    for (let draw = 0; draw < 5; draw++) {
      const payload = statements[type].sample(random)
      const sealed = signer.sign(type, payload as never, draw)
      const opened = openEnvelope(sealed.bytes, context)
      expect(opened.payload).toEqual(payload)
      expect([opened.id, opened.type, opened.signer, opened.seq]).toEqual([sealed.id, type, signer.identity.peerId, sealed.seq])
    }
  })
})

test('a statement does not open under another name', () => {
  // A proposal's and a lease release's payloads can't be told apart by form alone, if the fields fit.
  const sealed = signer.sign('leaseRelease', { model: 'a/b@1.0', epoch: 1 }, 0)
  const renamed = Uint8Array.from(sealed.bytes)
  const name = Buffer.from('leaseRelease')
  renamed.set(Buffer.from('leaseGrant\0\0'), Buffer.from(renamed).indexOf(name))

  expect(() => openEnvelope(renamed, context)).toThrow(DecodeFailed)
})

test('over-long input is refused before it is looked at', () => {
  expect(() => decodeMessage(new Uint8Array(MESSAGE_BYTES_MAX + 1))).toThrow(/at most/)
  expect(() => openEnvelope(new Uint8Array(ENVELOPE_BYTES_MAX + 1), context)).toThrow(/at most/)
})

test.each([
  ['a long integer', Uint8Array.of(0x82, 0x18, 0x02, 0x80)],
  ['an indefinite list', Uint8Array.of(0x9f, 0x02, 0x80, 0xff)],
  ['bytes after the end', Uint8Array.from([...encodeCbor([2, []]), 0])],
  ['a map with a map as its key', Uint8Array.of(0xa1, 0xa0, 0x01)],
  ['deep nesting', Uint8Array.from({ length: 100_000 }, () => 0x81)],
])('%s is refused', (_, bytes) => {
  expect(() => decodeMessage(bytes)).toThrow(DecodeFailed)
})
