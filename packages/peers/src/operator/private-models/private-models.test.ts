import type { Message, PeerMachine } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { model, privateWorld, weightsBytes } from '../../../test-support/private-world.ts'

const hot = { peer: 'operator-1', temperature: 'hot', priority: 0 } as const
const warm = { peer: 'operator-1', temperature: 'warm', priority: 0 } as const
const settled = 15_000

test('two forged shares of five do not keep a standby from the key', () => {
  const run = privateWorld({
    standbys: [warm],
    replace: (name, machine) => (name === 'grantor-0' || name === 'grantor-2' ? forging(machine) : machine),
  })
  run.world.start()
  run.world.run(settled)

  run.world.crash('operator-0')
  run.world.run(settled + 20_000)

  expect(run.events('standbyActivated')).toMatchObject([{ peer: 'operator-1', temperature: 'warm' }])
})

test('with three forged shares it cannot, gives the lease back, and serves nothing', () => {
  const run = privateWorld({ standbys: [warm], replace: (name, machine) => (/grantor-[024]/.test(name) ? forging(machine) : machine) })
  run.world.start()
  run.world.run(settled)

  run.world.crash('operator-0')
  run.world.run(settled + 35_000)

  expect(run.events('standbyActivated')).toEqual([])
  expect(run.events('leaseEnded')[0]).toMatchObject({ peer: 'operator-1', reason: 'released' })
})

test('a restarted standby finds its sealed weights on its own disk and takes over without the owner', () => {
  const run = started([warm])
  run.world.crash('operator-0')
  run.world.crash('operator-1')
  run.world.run(settled + 5000)

  run.world.restart('operator-1')
  run.world.run(settled + 30_000)

  expect(run.targetAt(settled + 30_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })
})

test('the disk of a standby never holds the plain weights or the key', () => {
  const run = started([hot])
  const plain = run.world.store('operator-1')

  const sizes = [...plain].filter(([key]) => key.startsWith('lease/blob/')).map(([, value]) => value.length)
  expect(sizes).toEqual([weightsBytes + 28])
  expect([...plain.keys()].filter((key) => /key|weights/.test(key))).toEqual([])
})

test('sealed weights go to delegated peers only', () => {
  const run = privateWorld({ standbys: [hot], operators: 3 })
  run.world.start()
  run.world.run(settled)
  const blob = run.events('delegated').length > 0 ? blobOf(run) : ''

  const message: Message = { type: 'FetchBlob', blob, offset: 0 }
  const effects = run.world
    .machine('operator-0')
    ?.handle({ type: 'request', id: 'r1', from: run.network.idOf('operator-2'), stream: 'blob', message }, settled)

  expect(effects).toMatchObject([
    { type: 'emit', event: { type: 'refusedInput', what: 'FetchBlob' } },
    { type: 'respond', message: { type: 'Refused', code: 'not-authorized' } },
  ])
})

test('a holder refuses a demand for its lease that the owner did not sign', () => {
  const run = started([hot])
  const release = run.network.signerOf('operator-1').sign('leaseRelease', { model, epoch: 1 }, settled)

  const effects = run.world.machine('operator-0')?.handle(
    {
      type: 'request',
      id: 'r1',
      from: run.network.idOf('operator-1'),
      stream: 'lease',
      message: { type: 'ReleaseLease', release: release.bytes },
    },
    settled,
  )

  expect(effects).toContainEqual(expect.objectContaining({ type: 'respond', message: expect.objectContaining({ code: 'not-authorized' }) }))
})

test.each([
  [
    'delegate',
    { model: 'acme/other@1.0', standby: 'operator-1' },
    'not-authorized',
    'acme/other@1.0 is not owned here; owned: acme/contract-risk@1.0',
  ],
  ['delegate', { model, standby: 'gateway-0' }, 'unknown-command', 'delegate: expected "standby" to name an operator, found "gateway-0"'],
  [
    'delegate',
    { model, standby: 'operator-1', temperature: 'tepid' },
    'unknown-command',
    'delegate: expected "temperature" to be cold, warm or hot, found "tepid"',
  ],
  [
    'delegate',
    { model, standby: 'operator-1', priority: 256 },
    'unknown-command',
    'delegate: expected "priority" from 0 to 255, found 256',
  ],
  ['revoke', { standby: 'operator-1' }, 'unknown-command', 'revoke: expected "model" to be a model\'s name'],
  ['handback', { model }, 'not-serving', 'no other peer is known to hold acme/contract-risk@1.0'],
])('%s with a wrong argument says what was expected', (name, argument, code, detail) => {
  const run = started([hot])

  const answers = run.command('operator-0', name, argument)
  run.world.run(settled + 1)

  expect(answers).toMatchObject([{ type: 'Refused', code, detail }])
})

test('a revocation outlives a restart of the owner, and the standby stays out', () => {
  const run = started([hot])
  run.command('operator-0', 'revoke', { model, standby: 'operator-1' })
  run.world.run(settled + 100)
  run.world.crash('operator-0')
  run.world.restart('operator-0')
  run.world.run(settled + 20_000)
  run.world.crash('operator-0')
  run.world.run(settled + 50_000)

  expect(run.events('standbyActivated')).toEqual([])
  expect(run.targetAt(settled + 50_000)).toMatchObject({ state: 'offline', detail: expect.stringContaining('no standby is delegated') })
})

test('a standby that was revoked may be delegated again', () => {
  const run = started([hot])
  run.command('operator-0', 'revoke', { model, standby: 'operator-1' })
  run.world.run(settled + 5000)
  run.command('operator-0', 'delegate', { model, standby: 'operator-1', temperature: 'warm' })
  run.world.run(settled + 10_000)
  run.world.crash('operator-0')
  run.world.run(settled + 35_000)

  expect(run.targetAt(settled + 35_000)).toMatchObject({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })
})

function started(standbys: Parameters<typeof privateWorld>[0]['standbys']) {
  const run = privateWorld({ standbys })
  run.world.start()
  run.world.run(settled)
  return run
}

/** Gives away shares of its own making, each another. */
const forging = (inner: PeerMachine): PeerMachine => ({
  handle: (input, now) =>
    inner.handle(input, now).map((effect) => {
      if (effect.type !== 'respond' || effect.message.type !== 'ShareReleased') return effect
      const [index = 0] = effect.message.share
      const share = effect.message.share.map((_byte, place) => (place === 0 ? index : (index * index * 31 + place * 7) & 255))
      return { ...effect, message: { type: 'ShareReleased', share } }
    }),
})

function blobOf(run: ReturnType<typeof privateWorld>): string {
  const sealed = [...run.world.store('operator-1')].find(([key]) => key.startsWith('lease/blob/'))?.[1] ?? new Uint8Array(0)
  const { crypto } = run.network.servicesOf('operator-0')
  return [...crypto.hash(sealed)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
