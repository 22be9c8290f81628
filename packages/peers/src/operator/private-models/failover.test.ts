import { defaultParameters } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { model, privateWorld } from '../../../test-support/private-world.ts'

const hot = { peer: 'operator-1', temperature: 'hot', priority: 0 } as const
const warm = { peer: 'operator-2', temperature: 'warm', priority: 1 } as const
const cold = { peer: 'operator-1', temperature: 'cold', priority: 0 } as const

const { lease, heartbeatEvery } = defaultParameters
/** A lease granted just before the crash, the backoff of the first rank, and four crossings of a 20 ms link. */
const takeoverMax = lease.ttl * (1 + lease.driftPpm / 1e6) + lease.epsilon + heartbeatEvery / 5 + 80
const settled = 15_000

test('the owner serves its own model under epoch 1, and its standbys get ready as their temperatures say', () => {
  const run = started([hot, warm])

  expect(run.targetAt(settled)).toEqual({ state: 'holder', holder: run.network.idOf('operator-0'), epoch: 1 })
  expect(run.events('standbyReady').map(({ peer, temperature }) => `${peer} ${temperature}`)).toEqual([
    'operator-1 warm',
    'operator-2 warm',
    'operator-1 hot',
  ])
  expect(run.events('keyReleased')).toMatchObject([{ peer: 'operator-0', attested: true, delegated: true, leased: true }])
})

test('when the owner crashes, its hot standby serves under epoch 2 within the bound of detection and lease', () => {
  const run = started([hot, warm])

  run.world.crash('operator-0')
  run.world.run(settled + 20_000)

  const [activation] = run.events('standbyActivated')
  expect(activation).toMatchObject({ peer: 'operator-1', epoch: 2, temperature: 'hot' })
  expect((activation?.at ?? 0) - settled).toBeLessThanOrEqual(takeoverMax)
  expect((activation?.at ?? 0) - settled).toBeGreaterThanOrEqual((2 / 3) * lease.ttl - 200)
  expect(run.targetAt(settled + 20_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })
})

test('over a whole renewal period the mean time without a holder is what the lease says: its term less half a renewal', () => {
  const crashes = Array.from({ length: 11 }, (_, index) => settled + index * 300)
  const waits = crashes.map((at) => {
    const run = privateWorld({ standbys: [hot], seed: at })
    run.world.start()
    run.world.run(at)
    run.world.crash('operator-0')
    run.world.run(at + 12_000)
    return (run.events('leaseAcquired').find(({ epoch }) => epoch === 2)?.at ?? 0) - at
  })

  // A renewal reaches the grantors 20 ms after it was sent; the next ask needs 40 ms and up to 100 ms of jitter.
  const expected = lease.ttl * (1 + lease.driftPpm / 1e6) + lease.epsilon - lease.renewEvery / 2 + 20 + 20 + 50
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  expect(Math.abs(mean - expected) / expected).toBeLessThan(0.02)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(lease.ttl - lease.renewEvery)
  expect(Math.max(...waits)).toBeLessThanOrEqual(takeoverMax)
})

test('a warm standby gathers the key from the grantors without the owner, loads, and then serves', () => {
  const loadMs = 3000
  const run = privateWorld({ standbys: [warm], operators: 3, loadMs })
  run.world.start()
  run.world.run(settled)

  run.world.crash('operator-0')
  run.world.run(settled + 30_000)

  const acquired = run.events('leaseAcquired').find(({ epoch }) => epoch === 2)
  const [activation] = run.events('standbyActivated')
  expect(activation).toMatchObject({ peer: 'operator-2', epoch: 2, temperature: 'warm' })
  expect((activation?.at ?? 0) - (acquired?.at ?? 0)).toBe(loadMs + 40)
  const grantors = run.events('keyReleased').map(({ peer }) => peer)
  expect(grantors).toEqual(['grantor-0', 'grantor-1', 'grantor-2', 'grantor-3', 'grantor-4'])
})

test('a cold standby cannot take over when the owner is dead, and the gateway names them both', () => {
  const run = started([cold])

  run.world.crash('operator-0')
  run.world.run(settled + 40_000)

  expect(run.events('standbyActivated')).toEqual([])
  expect(run.events('leaseAcquired')).toHaveLength(1)
  const target = run.targetAt(settled + 40_000)
  expect(target?.state).toBe('offline')
  expect(target?.state === 'offline' && target.detail).toContain(`private model ${model} is bound to operator-0, which is offline`)
  expect(target?.state === 'offline' && target.detail).toContain('operator-1 lives, but is cold')
})

test('without standbys the gateway fails closed at once, and says so', () => {
  const run = privateWorld({ standbys: [], operators: 1 })
  run.world.start()
  run.world.run(settled)

  run.world.crash('operator-0')
  run.world.run(settled + 500)

  const target = run.targetAt(settled + 500)
  expect(target?.state === 'offline' && target.detail).toContain('operator-0, which is offline; no standby is delegated')
})

test('the owner that comes back stays demoted until it asks for the model back', () => {
  const run = started([hot])
  run.world.crash('operator-0')
  run.world.run(30_000)
  run.world.restart('operator-0')
  run.world.run(50_000)
  expect(run.targetAt(50_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })

  const answers = run.command('operator-0', 'handback', { model })
  run.world.run(52_000)

  expect(answers).toEqual([{ type: 'CommandDone', result: JSON.stringify({ model, asked: 'operator-1', epoch: 2 }) }])
  expect(run.events('leaseEnded')).toMatchObject([{ peer: 'operator-1', epoch: 2, reason: 'released' }])
  expect(run.targetAt(52_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-0'), epoch: 3 })
  run.world.run(90_000)
  expect(run.targetAt(90_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-0'), epoch: 3 })
})

test('a revoked standby stops at once, keeps nothing, and the owner takes the model back', () => {
  const run = started([hot])
  run.world.crash('operator-0')
  run.world.run(30_000)
  run.world.restart('operator-0')
  run.world.run(40_000)

  run.command('operator-0', 'revoke', { model, standby: 'operator-1' })
  run.world.run(45_000)

  expect(run.events('leaseEnded')).toMatchObject([{ peer: 'operator-1', reason: 'released', at: 40_020 }])
  expect(run.targetAt(45_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-0'), epoch: 3 })
  expect([...run.world.store('operator-1').keys()].filter((key) => key.startsWith('lease/blob'))).toEqual([])
})

test('a standby is added to a running network by one command, and takes over', () => {
  const run = privateWorld({ standbys: [], operators: 2 })
  run.world.start()
  run.world.run(settled)

  const answers = run.command('operator-0', 'delegate', { model, standby: 'operator-1', temperature: 'warm' })
  run.world.run(settled + 5000)
  run.world.crash('operator-0')
  run.world.run(settled + 25_000)

  expect(answers).toEqual([
    { type: 'CommandDone', result: JSON.stringify({ model, delegated: 'operator-1', temperature: 'warm', priority: 0 }) },
  ])
  expect(run.targetAt(settled + 25_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })
})

test('a standby whose code is not the delegated one gets neither key nor lease', () => {
  const run = privateWorld({ standbys: [hot], measurementOf: (name) => (name === 'operator-1' ? 'cd'.repeat(32) : 'ab'.repeat(32)) })
  run.world.start()
  run.world.run(settled)

  run.world.crash('operator-0')
  run.world.run(settled + 30_000)

  expect(run.events('keyReleased')).toEqual([])
  expect(run.events('leaseAcquired').map(({ peer }) => peer)).toEqual(['operator-0'])
  expect(run.events('leaseDenied').every(({ code }) => code === 'not-authorized')).toBe(true)
})

test('two of five grantors may be dead', () => {
  const run = started([hot, warm])
  run.world.crash('grantor-1')
  run.world.crash('grantor-3')

  run.world.crash('operator-0')
  run.world.run(settled + 20_000)

  expect(run.targetAt(settled + 20_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })
})

test('an owner that restarts before its lease runs out goes on in the same epoch', () => {
  const run = started([hot])
  run.world.crash('operator-0')
  run.world.run(settled + 1000)
  run.world.restart('operator-0')
  run.world.run(settled + 20_000)

  expect(run.events('standbyActivated')).toEqual([])
  expect(run.targetAt(settled + 20_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-0'), epoch: 1 })
})

test('when the first standby is lost as well, the second takes over, and after it the owner', () => {
  const run = started([hot, warm])
  run.world.crash('operator-0')
  run.world.run(30_000)
  run.world.crash('operator-1')
  run.world.run(50_000)
  expect(run.targetAt(50_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-2'), epoch: 3 })

  run.world.restart('operator-0')
  run.world.run(60_000)
  run.world.crash('operator-2')
  run.world.run(80_000)

  expect(run.targetAt(80_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-0'), epoch: 4 })
})

test('a holder cut off from the grantors stops before they may promise the model to another', () => {
  const run = started([hot])
  run.world.partition([['operator-0']])
  run.world.run(settled + 30_000)

  const [ended] = run.events('leaseEnded')
  const taken = run.events('leaseAcquired').find(({ peer }) => peer === 'operator-1')
  expect(ended).toMatchObject({ peer: 'operator-0', reason: 'expired' })
  expect(ended?.at ?? 0).toBeLessThan(taken?.at ?? 0)

  run.world.heal()
  run.world.run(settled + 60_000)
  expect(run.targetAt(settled + 60_000)).toEqual({ state: 'holder', holder: run.network.idOf('operator-1'), epoch: 2 })
})

test('a holder whose clock stands almost still stops when it hears of the next epoch', () => {
  const run = started([hot])
  run.world.setClock('operator-0', { offset: 0, drift: -0.9 })
  run.world.addRule('no grantors', ({ from, to }) => (from === 'operator-0' && to.startsWith('grantor') ? 'drop' : 'pass'))
  run.world.run(settled + 20_000)

  const taken = run.events('leaseAcquired').find(({ peer }) => peer === 'operator-1')
  const [ended] = run.events('leaseEnded')
  expect(ended).toMatchObject({ peer: 'operator-0', epoch: 1, reason: 'superseded' })
  expect((ended?.at ?? 0) - (taken?.at ?? 0)).toBe(20)
})

function started(standbys: Parameters<typeof privateWorld>[0]['standbys']) {
  const run = privateWorld({ standbys })
  run.world.start()
  run.world.run(settled)
  return run
}
