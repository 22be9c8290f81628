import { generateKeyPair } from '@libp2p/crypto/keys'
import { type PeerId, type PeerUpdate, TypedEventEmitter } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { PeerBook } from './peer-book.ts'

const someone = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const home = multiaddr('/ip4/127.0.0.1/tcp/4001')
const hut = multiaddr('/ip4/127.0.0.1/tcp/4002')

async function newBook() {
  const self = await someone()
  const events = new TypedEventEmitter()
  const updates: PeerUpdate[] = []
  events.addEventListener('peer:update', (event) => void updates.push((event as CustomEvent<PeerUpdate>).detail))
  events.addEventListener('self:peer:update', (event) => void updates.push((event as CustomEvent<PeerUpdate>).detail))
  const components = { peerId: self, events, peerStore: undefined as never }
  return { book: new PeerBook(components), components, self, updates }
}

test('it takes the place of the peer store', async () => {
  const { book, components } = await newBook()

  expect(components.peerStore).toBe(book)
})

test('a merge joins what is known with what is new, and a patch replaces it', async () => {
  const { book } = await newBook()
  const peer = await someone()

  await book.merge(peer, { protocols: ['/a'], multiaddrs: [home], metadata: { seen: Uint8Array.of(1) }, tags: { friend: { value: 5 } } })
  await book.merge(peer, { protocols: ['/a', '/b'], multiaddrs: [home, hut], metadata: { agent: Uint8Array.of(2) } })
  const merged = await book.get(peer)
  const patched = await book.patch(peer, { protocols: ['/c'], multiaddrs: [hut] })

  expect(merged.protocols).toEqual(['/a', '/b'])
  expect(merged.addresses.map(({ multiaddr }) => String(multiaddr))).toEqual([String(home), String(hut)])
  expect([...merged.metadata.keys()]).toEqual(['seen', 'agent'])
  expect(patched.protocols).toEqual(['/c'])
  expect(patched.tags).toEqual(new Map([['friend', { value: 5 }]]))
})

test('an entry without a value is taken out', async () => {
  const { book } = await newBook()
  const peer = await someone()
  await book.merge(peer, { tags: { friend: { value: 5 }, guest: {} } })

  const { tags } = await book.merge(peer, { tags: { friend: undefined } })

  expect(tags).toEqual(new Map([['guest', { value: 0 }]]))
})

test('news is told with what was known before; what is known already is told to nobody', async () => {
  const { book, self, updates } = await newBook()
  const peer = await someone()

  const first = await book.merge(peer, { protocols: ['/a'] })
  await book.merge(peer, { protocols: ['/a'] })
  const second = await book.merge(peer, { protocols: ['/b'] })
  const own = await book.merge(self, { protocols: ['/a'] })

  expect(updates).toEqual([{ peer: first }, { peer: second, previous: first }, { peer: own }])
})

test('a peer that nothing is noted about is not found', async () => {
  const { book } = await newBook()
  const peer = await someone()

  await expect(book.get(peer)).rejects.toMatchObject({ name: 'NotFoundError' })
  expect(await book.has(peer)).toBe(false)
})

test('all but the host itself can be listed, filtered and deleted', async () => {
  const { book, self } = await newBook()
  const [one, two] = [await someone(), await someone()]
  await book.merge(self, { protocols: ['/a'] })
  await book.merge(one, { protocols: ['/a'] })
  await book.merge(two, { protocols: ['/b'] })

  const speakers = await book.all({ filters: [({ protocols }) => protocols.includes('/a')] })
  await book.delete(one)

  expect(speakers.map(({ id }) => String(id))).toEqual([String(one)])
  expect((await book.all()).map(({ id }) => String(id))).toEqual([String(two)])
})
