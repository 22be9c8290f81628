import { AssertionFailed } from '@infermesh/kernel'
import type { Envelope, Message } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { HandDriven } from '../../test-support/hand-driven.ts'
import { playedManifest } from '../../test-support/played-requests.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import { createHub, type HubConfig } from './hub.ts'

const network = smallNetwork({ hub: 1, operator: 2, client: 1, gateway: 1 })
const weights = Uint8Array.from({ length: 1000 }, (_, index) => index)
const manifest = playedManifest(network, weights)
const { blob } = manifest.payload

test('keeps a blob that came in chunks, publishes its model, and gives both out, also after a restart', () => {
  const hub = newHub()
  expect(upload(hub, weights, blob)).toEqual(['Stored', 'Stored'])
  expect(say(hub, 'operator-0', publishOf(manifest))).toMatchObject({ type: 'Stored', received: 1000 })
  expect(hub.effects).toContainEqual({ type: 'publish', topic: 'models', envelope: manifest })

  const restarted = newHub({}, hub.saved)
  for (const each of [hub, restarted]) {
    expect(say(each, 'client-0', { type: 'FetchManifest', model: 'acme/echo@1.0' })).toEqual({
      type: 'ManifestFound',
      manifest: manifest.bytes,
    })
    expect(say(each, 'operator-1', { type: 'FetchBlob', blob, offset: 400 })).toMatchObject({ total: 1000, data: weights.subarray(400) })
  }
  expect(restarted.effects).toContainEqual(expect.objectContaining({ type: 'publish', topic: 'models' }))
})

test('keeps nothing of a blob that does not hash to its name', () => {
  const hub = newHub()
  const wrong = weights.slice().reverse()

  expect(upload(hub, wrong, blob)).toEqual(['Stored', 'hash-mismatch'])
  expect(say(hub, 'operator-0', publishOf(manifest))).toMatchObject({ code: 'unknown-blob' })
  expect(say(hub, 'operator-0', { type: 'FetchBlob', blob, offset: 0 })).toMatchObject({ code: 'unknown-blob' })
  expect(hub.saved.size).toBe(0)
  expect(upload(hub, weights, blob)).toEqual(['Stored', 'Stored'])
})

test('a sender that lost an answer, or its place, finds it again', () => {
  const hub = newHub()
  const chunk = (offset: number) => ({ type: 'PutChunk', blob, offset, total: 1000, data: weights.subarray(offset, offset + 300) }) as const
  say(hub, 'operator-0', chunk(0))
  say(hub, 'operator-0', chunk(300))

  expect(say(hub, 'operator-0', chunk(300))).toMatchObject({ received: 600 })
  expect(say(hub, 'operator-0', chunk(900))).toMatchObject({ code: 'bad-request' })
  expect(say(hub, 'operator-1', chunk(600))).toMatchObject({ code: 'bad-request' })
  say(hub, 'operator-0', chunk(600))
  expect(say(hub, 'operator-0', chunk(900))).toMatchObject({ received: 1000 })
  expect(say(hub, 'operator-1', chunk(0))).toMatchObject({ received: 1000 })
})

test('refuses publications that are not the sender’s own, not public, or change a release', () => {
  const hub = newHub()
  upload(hub, weights, blob)
  const send = (changed: Envelope<'manifest'>, from = 'operator-0') => say(hub, from, publishOf(changed))

  expect(send(manifest, 'operator-1')).toMatchObject({ code: 'not-authorized' })
  expect(send(manifest, 'client-0')).toMatchObject({ code: 'not-authorized' })
  expect(send(playedManifest(network, weights, { visibility: 'private' }))).toMatchObject({ code: 'bad-request' })
  expect(send(playedManifest(network, weights, { weightsRoot: '11'.repeat(32) }))).toMatchObject({ code: 'hash-mismatch' })
  expect(send(playedManifest(network, weights, { blobBytes: 999 }))).toMatchObject({ code: 'hash-mismatch' })
  expect(send(manifest)).toMatchObject({ type: 'Stored' })
  expect(send(manifest)).toMatchObject({ type: 'Stored' })
  expect(send(playedManifest(network, weights, { priceAnswerPerMillion: 3 }))).toMatchObject({ code: 'bad-request' })
  expect(hub.events().filter(({ type }) => type === 'modelPublished')).toHaveLength(1)
})

test('has a limit for blobs, for half received blobs, and for models', () => {
  const hub = newHub({ blobBytesMax: 1000, uploads: 1, models: 0 })
  const first = { type: 'PutChunk', blob, offset: 0, total: 1000, data: weights.subarray(0, 500) } as const

  expect(say(hub, 'operator-0', { ...first, total: 1001 })).toMatchObject({ code: 'bad-request' })
  say(hub, 'operator-0', first)
  say(hub, 'operator-0', { ...first, blob: '22'.repeat(32) })
  expect(say(hub, 'operator-0', { ...first, offset: 500, data: weights.subarray(500) })).toMatchObject({ code: 'bad-request' })
  expect(upload(hub, weights, blob)).toEqual(['Stored', 'Stored'])
  expect(say(hub, 'operator-0', publishOf(manifest))).toMatchObject({ code: 'overloaded' })
})

test('tells its manifests again and again, for peers that come later', () => {
  const hub = newHub({ announceEvery: 1000 })
  upload(hub, weights, blob)
  say(hub, 'operator-0', publishOf(manifest))
  hub.advance(3500)

  expect(hub.effects.filter((effect) => effect.type === 'publish')).toHaveLength(4)
})

test('knows private models by hearsay only', () => {
  const hub = newHub()
  const envelope = playedManifest(network, weights, { visibility: 'private', model: 'acme/secret@1.0' })
  hub.handle({ type: 'gossip', topic: 'models', from: network.idOf('operator-0'), envelope })

  expect(say(hub, 'gateway-0', { type: 'FetchManifest', model: 'acme/secret@1.0' })).toMatchObject({ type: 'ManifestFound' })
  expect(say(hub, 'gateway-0', { type: 'FetchBlob', blob, offset: 0 })).toMatchObject({ code: 'unknown-blob' })
})

test('a blob that the disk has spoilt stops the hub, by name', () => {
  expect(() => newHub({}, new Map([[`blob/${blob}`, weights.slice(1)]]))).toThrow(AssertionFailed)
})

const newHub = (config: HubConfig = {}, saved: ReadonlyMap<string, Uint8Array> = new Map()): HandDriven =>
  new HandDriven(createHub(config, network.servicesOf('hub-0')), saved)

const publishOf = (changed: Envelope<'manifest'>): Message => ({ type: 'Publish', manifest: changed.bytes })

function say(hub: HandDriven, from: string, message: Message): Message | undefined {
  return hub.answersTo(hub.ask(network.idOf(from), message))[0]
}

/** In two chunks. What came back: types, or codes of refusals. */
function upload(hub: HandDriven, bytes: Uint8Array, name: string): (string | undefined)[] {
  return [0, 500].map((offset) => {
    const answer = say(hub, 'operator-0', {
      type: 'PutChunk',
      blob: name,
      offset,
      total: bytes.length,
      data: bytes.subarray(offset, offset + 500),
    })
    return answer?.type === 'Refused' ? answer.code : answer?.type
  })
}
