import { emit, respond } from '@infermesh/kernel'
import type { ErrorCode, Message, PeerEffect, ProtocolEvent } from '@infermesh/protocol'
import type { Asked } from './asked.ts'

/** Refuses another peer's request, and says so in the trace: rights are never denied silently. */
export function refuse({ id, from, message }: Asked<Message>, code: ErrorCode, detail: string): readonly PeerEffect[] {
  const refused: ProtocolEvent = { type: 'refusedInput', from, what: message.type, reason: detail }
  return [emit(refused), respond<Message>(id, { type: 'Refused', code, detail, retryAfter: undefined })]
}
