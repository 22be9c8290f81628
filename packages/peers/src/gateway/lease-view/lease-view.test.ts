import type { Capacity, Envelope } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { leasePapers } from '../../../test-support/lease-papers.ts'
import { model } from '../../../test-support/private-world.ts'
import { smallNetwork } from '../../../test-support/small-network.ts'
import { LeaseView } from './lease-view.ts'

const network = smallNetwork({ operator: 3, grantor: 5, gateway: 1 })
const papers = leasePapers(network)
const owner = network.idOf('operator-0')

type State = Capacity['models'][number]['state']

test('knows nothing of a model without a manifest, and that a public one needs no lease', () => {
  const view = started()
  expect(view.target(model, 10)).toEqual({ state: 'unknown' })

  const release = network
    .signerOf('operator-2')
    .sign('manifest', { ...papers.manifest.payload, model: 'acme/open@1.0', visibility: 'public' }, 0)
  view.onEnvelope(release, 10)

  expect(view.target('acme/open@1.0', 10)).toEqual({ state: 'public' })
})

test('leads to the holder once both its lease and its heartbeat say so', () => {
  const view = started()
  view.onEnvelope(papers.manifest, 0)
  view.onEnvelope(leaseOf('operator-0', 1), 100)
  expect(view.target(model, 100).state).toBe('waiting')

  view.onEnvelope(beat('operator-0', 'holder', 1, 150), 150)

  expect(view.target(model, 150)).toEqual({ state: 'holder', holder: owner, epoch: 1 })
})

test('a heartbeat alone, or a lease without a quorum, leads nowhere', () => {
  const view = started()
  view.onEnvelope(papers.manifest, 0)
  view.onEnvelope(beat('operator-0', 'holder', 1, 100), 100)
  const weak = leaseOf('operator-0', 1, 2)
  view.onEnvelope(weak, 100)

  expect(view.target(model, 200).state).toBe('waiting')
  expect(view.validate(weak)).toBe('reject')
  expect(view.validate(leaseOf('operator-0', 1, 3))).toBe('accept')
})

test('a late holder gets no new work, and a lost one is replaced by whoever may take over', () => {
  const view = serving()
  beats(view, 'operator-1', 'hot', 20_000)
  view.onEnvelope(papers.delegation, 0)
  view.onEnvelope(leaseOf('operator-0', 1, 3, 19_500), 19_500)
  expect(view.target(model, 20_100)).toMatchObject({ state: 'holder' })

  expect(view.target(model, 21_700)).toEqual({ state: 'waiting', reason: 'operator-0 holds the lease and is late' })
  view.onEnvelope(beat('operator-1', 'hot', 1, 21_000), 21_000)
  view.onEnvelope(beat('operator-1', 'hot', 1, 22_000), 22_000)
  expect(view.target(model, 22_300)).toEqual({ state: 'waiting', reason: 'no lease is held; operator-1 may take it' })
})

test('a broken connection to the holder counts at once, until its next heartbeat', () => {
  const view = serving()

  const effects = view.onPeerLost(owner, 20_010)
  expect(effects).toMatchObject([{ type: 'emit', event: { type: 'peerSuspected', suspect: owner } }])
  expect(view.target(model, 20_020)).toMatchObject({ state: 'offline' })

  const back = view.onEnvelope(beat('operator-0', 'holder', 1, 20_500), 20_500)
  expect(back).toMatchObject([{ type: 'emit', event: { type: 'peerTrusted', suspect: owner } }])
  expect(view.target(model, 20_500)).toMatchObject({ state: 'holder' })
})

test('fails closed by name when the owner and its standbys are gone', () => {
  const view = serving()
  view.onEnvelope(papers.delegation, 0)
  beats(view, 'operator-1', 'cold', 30_000)

  const target = view.target(model, 30_000)

  expect(target.state === 'offline' && target.detail).toBe(
    `private model ${model} is bound to operator-0, which is offline; its standbys: operator-1 lives, but is cold`,
  )
})

test('suspicion is told once, and trust when the peer is heard again', () => {
  const view = serving()

  expect(view.tick(22_000)).toEqual([])
  expect(view.tick(22_200)).toMatchObject([{ event: { type: 'peerSuspected', suspect: owner } }])
  expect(view.tick(22_400)).toEqual([])
})

test('the holder of a revoked delegation is not a target any more', () => {
  const view = started()
  view.onEnvelope(papers.manifest, 0)
  view.onEnvelope(leaseOf('operator-1', 2), 10)
  view.onEnvelope(beat('operator-1', 'holder', 2, 20), 20)
  expect(view.target(model, 20)).toMatchObject({ state: 'holder', epoch: 2 })

  view.onEnvelope(papers.revocation(), 30)

  expect(view.target(model, 30)).not.toMatchObject({ state: 'holder' })
})

test('a lower epoch is ignored, whenever it comes', () => {
  const view = started()
  view.onEnvelope(papers.manifest, 0)
  view.onEnvelope(leaseOf('operator-1', 2), 10)
  view.onEnvelope(beat('operator-1', 'holder', 2, 20), 20)

  view.onEnvelope(leaseOf('operator-0', 1, 3, 500), 600)

  expect(view.target(model, 600)).toMatchObject({ state: 'holder', holder: network.idOf('operator-1'), epoch: 2 })
})

test('manifest and rights outlive a restart', () => {
  const disk = new Map<string, Uint8Array>()
  const view = started()
  for (const envelope of [papers.manifest, papers.delegation]) {
    for (const effect of view.onEnvelope(envelope, 0)) if (effect.type === 'save') disk.set(effect.key, effect.value)
  }

  const again = new LeaseView(network.servicesOf('gateway-0'))
  again.onStarted(disk, 50_000)

  expect(again.target(model, 60_000)).toMatchObject({
    state: 'offline',
    detail: expect.stringContaining('operator-1 (never heard of) is offline'),
  })
})

function started(): LeaseView {
  const view = new LeaseView(network.servicesOf('gateway-0'))
  view.onStarted(new Map(), 0)
  return view
}

/** The owner holds epoch 1 and has sent a heartbeat each second until 20 s. */
function serving(): LeaseView {
  const view = started()
  view.onEnvelope(papers.manifest, 0)
  beats(view, 'operator-0', 'holder', 20_000)
  view.onEnvelope(leaseOf('operator-0', 1, 3, 19_000), 19_000)
  return view
}

function beats(view: LeaseView, name: string, state: State, until: number): void {
  for (let at = 0; at <= until; at += 1000) view.onEnvelope(beat(name, state, 1, at), at)
}

const beat = (name: string, state: State, epoch: number, at: number): Envelope<'capacity'> =>
  network.signerOf(name).sign('capacity', { slots: 1, busy: 0, queued: 0, models: [{ model, state, epoch }] }, at)

function leaseOf(name: string, epoch: number, grants = 3, at = 0): Envelope<'lease'> {
  const holder = network.idOf(name)
  const granted = Array.from({ length: grants }, (_, index) =>
    network.signerOf(`grantor-${index}`).sign('leaseGrant', { model, holder, epoch, ttl: 10_000, grantedAt: at }, at),
  )
  const isOwner = holder === owner
  const payload = {
    ...{ model, epoch, grants: granted.map(({ bytes }) => bytes) },
    delegation: isOwner ? [] : [papers.delegation.bytes],
    attestation: isOwner ? [] : [papers.attestation(epoch).bytes],
  }
  return network.signerOf(name).sign('lease', payload, at)
}
