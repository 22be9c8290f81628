import { type Effect, type Millis, type PeerId, request } from '@infermesh/kernel'
import { attestedDataOf, type Envelope, type Message } from '@infermesh/protocol'
import { attestationNonce } from '../../grantor/authority/credentials.ts'
import type { LeaseSeen } from '../../grantor/authority/model-book.ts'
import type { Duty, DutyContext } from './duty.ts'

/** Who may have the sealed weights: the owner first, then the other standbys, without those that are gone or have none. */
export function blobSources({ model, owner }: Duty, { services, book, watch }: DutyContext, now: Millis): readonly PeerId[] {
  const standbys = book.standbys(model, now).map((delegation) => delegation.payload.audience)
  return [owner, ...standbys].filter((peer) => {
    if (peer === services.identity.peerId || watch.presence(peer, now) === 'lost') return false
    return peer === owner || watch.standing(peer, model)?.state !== 'cold'
  })
}

interface Credentials {
  readonly delegation: Envelope<'delegation'>
  readonly lease: LeaseSeen
}

/** A standby's proof to the owner, for its epoch, that the delegated code runs here. The owner answers with the key. */
export function keyRequest(
  { model, owner }: Duty,
  { delegation, lease }: Credentials,
  { config, services, calls }: DutyContext,
  now: Millis,
): Effect<Message, never> {
  const userData = attestedDataOf(services.crypto.hash, services.identity.peerId, model, lease.epoch)
  const attestation = services.attest({ measurement: config.measurement, userData, nonce: attestationNonce(delegation) }, now)
  const message: Message = {
    type: 'ReleaseShare',
    model,
    lease: lease.envelope.bytes,
    delegation: delegation.bytes,
    attestation: attestation.bytes,
  }
  const timeout = 2 * services.directory.genesis.parameters.heartbeatEvery
  return request<Message>({ callId: calls.open({ model, part: 'pull' }), to: owner, stream: 'key-release', message, timeout })
}
