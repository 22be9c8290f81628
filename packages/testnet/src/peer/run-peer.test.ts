import { join } from 'node:path'
import type { AnyMessage } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { ring, type SmallTestnet, smallTestnet } from '../supervisor/fixtures/small-testnet.ts'

const entry = join(import.meta.dirname, 'fixtures/talker-entry.ts')

test('three libp2p peers mesh, and what one publishes all others hear', async () => {
  await using net = await smallTestnet(ring(3), { entry })
  await net.testnet.start()
  await net.testnet.meshed(20_000)

  await said(net, 'p0', { type: 'publish', text: 'dawn' })
  const heard = await Promise.all(
    ['p1', 'p2'].map((name) => net.recorded(({ peer, event }) => peer === name && event.type === 'heard dawn')),
  )

  expect(heard).toHaveLength(2)
  expect((await net.testnet.stats('p0')).host?.counters).toMatchObject({ gossipPublished: 1, connections: 2 })
})

test('a peer asks another one by its id alone, without having dialled it', async () => {
  const peers = ring(3).map((peer) => ({ ...peer, dial: [] }))
  await using net = await smallTestnet(peers, { entry })
  await net.testnet.start()
  const to = net.testnet.peers()[2]?.peerId ?? ''

  // Addresses go out in one message a moment after a start, so the first call may come too early.
  let answer = await said(net, 'p0', { type: 'call', text: to })
  while (answer[0]?.type === 'failed') answer = await said(net, 'p0', { type: 'call', text: to })

  expect(answer).toEqual([{ type: 'lives', text: '1' }])
})

test('an answer in parts comes in parts', async () => {
  await using net = await smallTestnet(ring(1), { entry })
  await net.testnet.start()

  expect(await said(net, 'p0', { type: 'twice' })).toMatchObject([{ type: 'one' }, { type: 'two' }])
  await expect(said(net, 'p0', { type: 'unheard-of' }, 50)).rejects.toMatchObject({ name: 'CallFailed', code: 'timeout' })
})

test('what a killed peer saved is there when it comes back, and the network mends', async () => {
  await using net = await smallTestnet(ring(3), { entry })
  await net.testnet.start()
  await net.testnet.meshed(20_000)
  const before = net.testnet.peers()[1]?.peerId

  await net.testnet.crash('p1')
  await net.testnet.restart('p1')
  await net.testnet.meshed(20_000)

  expect(net.testnet.peers()[1]?.peerId).toBe(before)
  expect(await said(net, 'p1', { type: 'lives' })).toEqual([{ type: 'lives', text: '2' }])
  await said(net, 'p1', { type: 'publish', text: 'dusk' })
  await net.recorded(({ peer, event }) => peer === 'p2' && event.type === 'heard dusk')
})

test('a machine that throws ends its process, and the reason names what it was handling and where in the sources', async () => {
  await using net = await smallTestnet(ring(1), { entry })
  await net.testnet.start()

  await expect(said(net, 'p0', { type: 'throw' })).rejects.toMatchObject({ name: 'CallFailed' })
  const crashed = await net.recorded(({ event }) => event.type === 'peerCrashed')

  expect(crashed.event).toMatchObject({ reason: expect.stringContaining('while handling request r1: throw on control from ') })
  expect(crashed.event).toMatchObject({
    reason: expect.stringMatching(/caused by Error: the machine is broken\n.*talker-entry\.ts:\d+:\d+/),
  })
})

test('several libp2p peers live in one process', async () => {
  await using net = await smallTestnet(
    ring(3).map((peer) => ({ ...peer, process: 'clients' })),
    { entry },
  )

  await net.testnet.start()
  await net.testnet.meshed(20_000)

  expect(new Set(net.testnet.peers().map(({ peerId }) => peerId)).size).toBe(3)
  expect(new Set(net.testnet.peers().map(({ pid }) => pid)).size).toBe(1)
})

async function said(
  net: SmallTestnet,
  name: string,
  message: AnyMessage & { readonly text?: string },
  timeout = 5000,
): Promise<readonly AnyMessage[]> {
  const answers: AnyMessage[] = []
  for await (const answer of net.testnet.ask(name, { stream: 'control', message, timeout })) answers.push(answer)
  return answers
}
