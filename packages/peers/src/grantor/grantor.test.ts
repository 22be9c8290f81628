import type { Message, PeerEffect, PeerMachine } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { lastsUntil, leasePapers } from '../../test-support/lease-papers.ts'
import { measurement, model } from '../../test-support/private-world.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import { createGrantor } from './grantor.ts'

const network = smallNetwork({ operator: 3, grantor: 5 })
const papers = leasePapers(network)
const { lease } = network.genesis.parameters
/** ttl·(1+ρ)+ε with 10 s, 200 ppm and 100 ms. */
const wait = 10_102
const share = Uint8Array.from({ length: 33 }, (_, index) => index + 1)

test('promises an epoch to the owner, and has it on disk before it says so', () => {
  const effects = ask(fresh(), 'operator-0', papers.ownerAsk(1), 50)

  expect(effects.map(({ type }) => type)).toEqual(['save', 'emit', 'respond'])
  expect(answer(effects)).toMatchObject({ type: 'LeaseGranted' })
})

test('makes another holder wait until the promise has run out on its own clock, to the millisecond', () => {
  const grantor = fresh()
  ask(grantor, 'operator-0', papers.ownerAsk(1), 0)

  expect(answer(ask(grantor, 'operator-1', papers.ask(2), wait - 1))).toEqual({
    type: 'LeaseDenied',
    code: 'lease-held',
    maxEpoch: 1,
    retryAfter: 1,
  })
  expect(answer(ask(grantor, 'operator-1', papers.ask(2), wait))).toMatchObject({ type: 'LeaseGranted' })
})

test('a renewal moves the end of the promise', () => {
  const grantor = fresh()
  ask(grantor, 'operator-0', papers.ownerAsk(1), 0)
  ask(grantor, 'operator-0', papers.ownerAsk(1), 5000)

  expect(answer(ask(grantor, 'operator-1', papers.ask(2), wait))).toMatchObject({ code: 'lease-held', retryAfter: 5000 })
})

test('never promises an epoch twice, nor a lower one', () => {
  const grantor = fresh()
  ask(grantor, 'operator-0', papers.ownerAsk(3), 0)

  expect(answer(ask(grantor, 'operator-1', papers.ask(3), wait))).toMatchObject({ code: 'stale-epoch', maxEpoch: 3, retryAfter: 0 })
  expect(answer(ask(grantor, 'operator-0', papers.ownerAsk(2), wait))).toMatchObject({ code: 'stale-epoch', maxEpoch: 3 })
})

test('a release by the holder lets another in at once, and ends that epoch for the holder too', () => {
  const grantor = fresh()
  ask(grantor, 'operator-0', papers.ownerAsk(1), 0)
  const release = network.signerOf('operator-0').sign('leaseRelease', { model, epoch: 1 }, 10)
  ask(grantor, 'operator-0', { type: 'ReleaseLease', release: release.bytes }, 10)

  expect(answer(ask(grantor, 'operator-0', papers.ownerAsk(1), 11))).toMatchObject({ code: 'stale-epoch' })
  expect(answer(ask(grantor, 'operator-1', papers.ask(2), 12))).toMatchObject({ type: 'LeaseGranted' })
})

test('a release that another signed changes nothing', () => {
  const grantor = fresh()
  ask(grantor, 'operator-0', papers.ownerAsk(1), 0)
  const release = network.signerOf('operator-1').sign('leaseRelease', { model, epoch: 1 }, 10)
  ask(grantor, 'operator-1', { type: 'ReleaseLease', release: release.bytes }, 10)

  expect(answer(ask(grantor, 'operator-1', papers.ask(2), 12))).toMatchObject({ code: 'lease-held' })
})

test('after a restart it knows its promise, and begins the wait anew', () => {
  const disk = new Map<string, Uint8Array>()
  ask(fresh(disk), 'operator-0', papers.ownerAsk(7), 0)

  const again = fresh(disk, 20_000)

  expect(answer(ask(again, 'operator-1', papers.ask(7), 20_000))).toMatchObject({ code: 'stale-epoch', maxEpoch: 7 })
  expect(answer(ask(again, 'operator-1', papers.ask(8), 20_000))).toMatchObject({ code: 'lease-held', retryAfter: wait })
})

test('who signed the first manifest is the owner; a second one is denied', () => {
  const grantor = fresh()
  ask(grantor, 'operator-0', papers.ownerAsk(1), 0)
  const stolen = network.signerOf('operator-2').sign('manifest', papers.manifest.payload, 5)

  const denied = ask(grantor, 'operator-2', { ...papers.ownerAsk(2), manifest: stolen.bytes }, wait)

  expect(answer(denied)).toMatchObject({ code: 'not-authorized' })
})

test.each([
  ['no delegation', { ...papers.ask(2), delegation: [] }],
  ['no attestation', { ...papers.ask(2), attestation: [] }],
  ['an attestation of another epoch', { ...papers.ask(2), attestation: [papers.attestation(1).bytes] }],
  ['foreign code', { ...papers.ask(2), attestation: [papers.attestation(2, { measurement: 'cd'.repeat(32) }).bytes] }],
  ['an attestation about another peer', { ...papers.ask(2), attestation: [papers.attestation(2, { subject: 'operator-2' }).bytes] }],
  ['an attestation that it signed itself', { ...papers.ask(2), attestation: [selfAttested().bytes] }],
  ['a manifest of another model', { ...papers.ask(2), model: 'acme/other@1.0' }],
  ['garbage', { ...papers.ask(2), delegation: [Uint8Array.of(1, 2, 3)] }],
] as const)('a standby with %s is denied', (_what, message) => {
  expect(answer(ask(fresh(), 'operator-1', message, 100))).toMatchObject({ type: 'LeaseDenied', code: 'not-authorized' })
})

test('a delegation serves its audience only, and only until it expires', () => {
  expect(answer(ask(fresh(), 'operator-2', papers.ask(2), 100))).toMatchObject({ code: 'not-authorized' })
  expect(answer(ask(fresh(), 'operator-1', papers.ask(2), lastsUntil))).toMatchObject({ code: 'not-authorized' })
})

test('a revocation ends the right at the next renewal, also after a restart, and only its owner can make one', () => {
  const disk = new Map<string, Uint8Array>()
  const grantor = fresh(disk)
  ask(grantor, 'operator-1', papers.ask(1), 0)
  const foreign = network.signerOf('operator-2').sign('revocation', { model, delegation: papers.delegation.id }, 0)
  tell(grantor, foreign)
  expect(answer(ask(grantor, 'operator-1', papers.ask(1), 100))).toMatchObject({ type: 'LeaseGranted' })

  tell(grantor, papers.revocation())

  expect(answer(ask(grantor, 'operator-1', papers.ask(1), 200))).toMatchObject({ code: 'not-authorized' })
  expect(answer(ask(fresh(disk, 300), 'operator-1', papers.ask(1), 300))).toMatchObject({ code: 'not-authorized' })
})

test('keeps the share of a model for its owner, and gives it to nobody without a lease', () => {
  const grantor = withShare()

  expect(answer(ask(grantor, 'operator-1', shareRequest(2, 2), 100))).toMatchObject({ type: 'Refused', code: 'not-authorized' })
})

test('gives the share to the standby that is attested, delegated and leased', () => {
  const effects = ask(withShare(), 'operator-1', shareRequest(2, 3), 100)

  expect(answer(effects)).toEqual({ type: 'ShareReleased', share })
  expect(effects.find(({ type }) => type === 'emit')).toMatchObject({
    event: { type: 'keyReleased', attested: true, delegated: true, leased: true },
  })
})

test.each([
  ['an attestation of another epoch', { attestation: papers.attestation(1).bytes }],
  ['foreign code', { attestation: papers.attestation(2, { measurement: 'cd'.repeat(32) }).bytes }],
  ['no readable delegation', { delegation: Uint8Array.of(9) }],
] as const)('refuses the share to a leased standby with %s', (_what, change) => {
  expect(answer(ask(withShare(), 'operator-1', { ...shareRequest(2, 3), ...change }, 100))).toMatchObject({ type: 'Refused' })
})

test('refuses the share to a revoked standby, to another peer with its papers, and under an epoch that is over', () => {
  const revoked = withShare()
  tell(revoked, papers.revocation())
  expect(answer(ask(revoked, 'operator-1', shareRequest(2, 3), 100))).toMatchObject({ code: 'not-authorized' })

  expect(answer(ask(withShare(), 'operator-2', shareRequest(2, 3), 100))).toMatchObject({ code: 'not-authorized' })

  const moved = withShare()
  ask(moved, 'operator-0', papers.ownerAsk(3), 50)
  expect(answer(ask(moved, 'operator-1', shareRequest(2, 3), 100))).toMatchObject({ code: 'stale-epoch' })
})

test('takes no share from anybody but the owner', () => {
  const grantor = withShare()

  const refused = ask(grantor, 'operator-1', { type: 'DepositShare', manifest: papers.manifest.bytes, share: new Uint8Array(33) }, 10)

  expect(answer(refused)).toMatchObject({ type: 'Refused', code: 'not-authorized' })
})

test('after showing a lease that others granted, it stands by that lease as by its own', () => {
  const grantor = withShare()
  ask(grantor, 'operator-1', shareRequest(2, 3), 100)

  expect(answer(ask(grantor, 'operator-0', papers.ownerAsk(2), 200))).toMatchObject({ code: 'stale-epoch' })
  expect(answer(ask(grantor, 'operator-0', papers.ownerAsk(3), 200))).toMatchObject({ code: 'lease-held', retryAfter: wait - 100 })
})

test('its own damaged disk is named', () => {
  const disk = new Map([[`grantor/promise/${model}`, Uint8Array.of(1, 2)]])

  expect(() => fresh(disk)).toThrow(`this peer's own disk is damaged at grantor/promise/${model}`)
})

function fresh(disk = new Map<string, Uint8Array>(), now = 0): PeerMachine {
  const inner = createGrantor({}, network.servicesOf('grantor-0'))
  const grantor: PeerMachine = {
    handle(input, at) {
      const effects = inner.handle(input, at)
      for (const effect of effects) if (effect.type === 'save') disk.set(effect.key, effect.value)
      return effects
    },
  }
  grantor.handle({ type: 'started', saved: new Map(disk) }, now)
  return grantor
}

function withShare(): PeerMachine {
  const grantor = fresh()
  const kept = ask(grantor, 'operator-0', { type: 'DepositShare', manifest: papers.manifest.bytes, share }, 0)
  expect(answer(kept)).toEqual({ type: 'ShareKept', model })
  return grantor
}

function ask(grantor: PeerMachine, from: string, message: Message, now: number): readonly PeerEffect[] {
  return grantor.handle({ type: 'request', id: 'r1', from: network.idOf(from), stream: 'lease', message }, now)
}

function tell(grantor: PeerMachine, envelope: ReturnType<typeof papers.revocation>): void {
  grantor.handle({ type: 'gossip', topic: 'models', from: envelope.signer, envelope }, 0)
}

const answer = (effects: readonly PeerEffect[]): Message | undefined =>
  effects.flatMap((effect) => (effect.type === 'respond' ? [effect.message] : []))[0]

/** The standby's lease of an epoch with so many grants, and the papers that go with it. */
function shareRequest(epoch: number, grants: number): Extract<Message, { type: 'ReleaseShare' }> {
  const standby = network.idOf('operator-1')
  const granted = Array.from({ length: grants }, (_, index) =>
    network.signerOf(`grantor-${index + 1}`).sign('leaseGrant', { model, holder: standby, epoch, ttl: lease.ttl, grantedAt: 0 }, 0),
  )
  const attestation = papers.attestation(epoch).bytes
  const payload = {
    model,
    epoch,
    grants: granted.map(({ bytes }) => bytes),
    delegation: [papers.delegation.bytes],
    attestation: [attestation],
  }
  const own = network.signerOf('operator-1').sign('lease', payload, 0)
  return { type: 'ReleaseShare', model, lease: own.bytes, delegation: papers.delegation.bytes, attestation }
}

function selfAttested() {
  const { measurement: code, userData, nonce } = papers.attestation(2).payload
  expect(code).toBe(measurement)
  return network.signerOf('operator-1').sign('attestation', { subject: network.idOf('operator-1'), measurement: code, userData, nonce }, 0)
}
