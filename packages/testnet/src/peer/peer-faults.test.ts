import { join } from 'node:path'
import type { AnyMessage } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { ring, type SmallTestnet, smallTestnet } from '../supervisor/fixtures/small-testnet.ts'

const entry = join(import.meta.dirname, 'fixtures/talker-entry.ts')

test('links are as long and as slow as they were told, at peers that start again too, until they are healed', async () => {
  await using net = await meshed(3)
  const { faults } = net.testnet
  await faults.setLatency({ median: 40, p99: 40, seed: 1, order: ['p0', 'p1', 'p2'] })
  const slow = await faults.addRule('delay', { type: 'delay', links: between('p0', 'p1'), by: 80, jitter: 0 })

  expect(await fastest(net, 'p0', 'p1')).toBeGreaterThanOrEqual(119)
  expect(await fastest(net, 'p1', 'p0')).toBeLessThan(110)
  await slow.refresh()
  expect(slow.counts().delayed).toBeGreaterThanOrEqual(5)
  await net.testnet.restart('p0')
  expect(await fastest(net, 'p0', 'p1')).toBeGreaterThanOrEqual(119)
  await slow.heal()

  const healed = await fastest(net, 'p0', 'p1')
  expect(healed).toBeGreaterThanOrEqual(39)
  expect(healed).toBeLessThan(110)
})

test('nothing crosses a cut, and what crosses a narrow line takes its time', async () => {
  await using net = await meshed(2)
  const { faults } = net.testnet
  await faults.setLineRate('p0', { up: 125, down: 125 })
  expect(await fastest(net, 'p0', 'p1', { count: 1, bytes: 10_000 })).toBeGreaterThanOrEqual(79)
  expect(await fastest(net, 'p1', 'p0', { count: 1, bytes: 10_000 })).toBeGreaterThanOrEqual(79)

  const cut = await faults.addRule('partition', { type: 'cut', links: { type: 'across', groups: [['p0'], ['p1']] } })
  expect(await probed(net, 'p0', 'p1', { patience: 300 })).toEqual(Array(5).fill(undefined))
  await cut.heal()
  expect(await fastest(net, 'p0', 'p1')).toBeLessThan(1000)
})

test("a clock set wrong shows in the machine's time and in its timers, and in nothing else", async () => {
  await using net = await meshed(1)
  await net.testnet.faults.witness('p0')
  await net.testnet.faults.setClock('p0', { offset: 3_600_000, driftPpm: 9_000_000 })
  const [time] = await said(net, 'p0', { type: 'time' })
  const before = net.testnet.now()
  await said(net, 'p0', { type: 'timer', text: '20000' })
  const rang = await net.recorded(({ event }) => event.type === 'rang')

  expect(Number(textOf(time))).toBeGreaterThan(3_600_000)
  expect(rang.at - before).toBeGreaterThan(1_500)
  expect(rang.at - before).toBeLessThan(10_000)
  expect((await net.testnet.faults.witness('p0'))?.clockOffset).toBeGreaterThan(3_600_000)
  await net.testnet.restart('p0')
  expect(Number(textOf((await said(net, 'p0', { type: 'time' }))[0]))).toBeGreaterThan(3_600_000)
})

test('a full disk ends the peer and loses nothing; a torn write leaves half; a mended disk works', async () => {
  await using net = await meshed(1)
  const { faults } = net.testnet
  await said(net, 'p0', { type: 'keep', text: 'before' })
  await faults.setDisk('p0', { type: 'full' })
  await expect(said(net, 'p0', { type: 'keep', text: 'never' })).rejects.toMatchObject({ code: 'lost' })
  expect((await crashes(net, 1))[0]).toContain('the disk is full')
  await faults.setDisk('p0', undefined)
  await net.testnet.restart('p0')
  expect(textOf((await said(net, 'p0', { type: 'kept' }))[0])).toBe('before')

  await faults.setDisk('p0', { type: 'torn' })
  await expect(said(net, 'p0', { type: 'keep', text: 'abcdefgh' })).rejects.toMatchObject({ code: 'lost' })
  expect((await crashes(net, 2))[1]).toContain('the disk tore a write')
  await net.testnet.restart('p0')
  expect(textOf((await said(net, 'p0', { type: 'kept' }))[0])).toBe('abcd')
})

test('a lossy disk forgets at a crash what it took since; a slow one takes its time, which the witness sees', async () => {
  await using net = await meshed(1)
  const { faults } = net.testnet
  await said(net, 'p0', { type: 'keep', text: 'synced' })
  await faults.witness('p0', true)
  await faults.setDisk('p0', { type: 'slow', by: 40 })
  await said(net, 'p0', { type: 'keep', text: 'slow' })
  expect(await faults.witness('p0')).toMatchObject({ saves: 1 })
  expect((await faults.witness('p0'))?.saveMsMin).toBeGreaterThanOrEqual(40)

  await faults.setDisk('p0', { type: 'lossy' })
  await said(net, 'p0', { type: 'keep', text: 'lost' })
  await net.testnet.crash('p0')
  await net.testnet.restart('p0')
  expect(textOf((await said(net, 'p0', { type: 'kept' }))[0])).toBe('slow')

  await said(net, 'p0', { type: 'keep', text: 'unwritten' })
  await faults.setDisk('p0', undefined)
  await net.testnet.crash('p0')
  await net.testnet.restart('p0')
  expect(textOf((await said(net, 'p0', { type: 'kept' }))[0])).toBe('unwritten')
})

test('a doomed peer ends between two effects: what came before is durable, what came after never happened', async () => {
  await using net = await meshed(1)
  await net.testnet.faults.doom('p0', 1)

  await expect(said(net, 'p0', { type: 'keep', text: 'durable' })).rejects.toMatchObject({ code: 'lost' })
  await net.testnet.restart('p0')
  expect(textOf((await said(net, 'p0', { type: 'kept' }))[0])).toBe('durable')
  await net.testnet.restart('p0', { wipe: true })
  expect(await said(net, 'p0', { type: 'lives' })).toEqual([{ type: 'lives', text: '1' }])
})

async function meshed(count: number): Promise<SmallTestnet> {
  const net = await smallTestnet(ring(count), { entry })
  await net.testnet.start()
  await net.testnet.meshed(20_000)
  return net
}

const between = (left: string, right: string) => ({ type: 'between', left: [left], right: [right], oneWay: true }) as const

interface Probing {
  readonly count?: number
  readonly bytes?: number
  readonly patience?: number
}

async function probed(net: SmallTestnet, from: string, to: string, probing: Probing = {}): Promise<readonly (number | undefined)[]> {
  const { count = 5, bytes = 0, patience = 5_000 } = probing
  const delays: (number | undefined)[] = []
  await net.testnet.faults.prepareProbes(from, to)
  await net.testnet.faults.probe({ from, to, count, bytes, patience }, (delay) => delays.push(delay))
  return delays
}

const fastest = async (net: SmallTestnet, from: string, to: string, probing?: Probing): Promise<number> =>
  Math.min(...(await probed(net, from, to, probing)).map((delay) => delay ?? Number.POSITIVE_INFINITY))

async function crashes(net: SmallTestnet, count: number): Promise<readonly string[]> {
  const reasons = (): string[] => net.records.flatMap(({ event }) => ('reason' in event ? [String(event.reason)] : []))
  await expect.poll(() => reasons().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  return reasons()
}

const textOf = (message: AnyMessage | undefined): string => (message !== undefined && 'text' in message ? String(message.text) : '')

async function said(net: SmallTestnet, name: string, message: AnyMessage & { readonly text?: string }): Promise<readonly AnyMessage[]> {
  const answers: AnyMessage[] = []
  for await (const answer of net.testnet.ask(name, { stream: 'control', message, timeout: 5_000 })) answers.push(answer)
  return answers
}
