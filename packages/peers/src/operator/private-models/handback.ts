import { type Effect, type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Message } from '@infermesh/protocol'
import type { Duty, DutyContext } from './duty.ts'

export interface HandbackDemand {
  readonly holder: PeerId
  readonly epoch: number
  readonly effects: readonly Effect<Message, never>[]
}

/**
 * An owner's signed demand that the holder gives the lease back. It answers once the grantors know, so its time is a whole lease.
 * `undefined` when no other peer is known to hold one.
 */
export function demandBack({ model, owner }: Duty, { book, services, calls }: DutyContext, now: Millis): HandbackDemand | undefined {
  const lease = book.get(model)?.lease
  if (lease === undefined || lease.released || lease.holder === owner) return undefined
  const { holder, epoch } = lease
  const release = services.signer.sign('leaseRelease', { model, epoch }, now)
  const callId = calls.open({ model, part: 'handback' })
  const timeout = services.directory.genesis.parameters.lease.ttl
  const message: Message = { type: 'ReleaseLease', release: release.bytes }
  return { holder, epoch, effects: [request<Message>({ callId, to: holder, stream: 'lease', message, timeout })] }
}
