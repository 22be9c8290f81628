import { respond } from '@infermesh/kernel'
import type { PeerEffect } from '@infermesh/protocol'
import type { AnswerEvent } from './answer-events.ts'
import type { Refusal } from './refusal.ts'

/** The end of a request that never began. */
export function failed(id: string, { code, detail, retryAfter }: Refusal): PeerEffect {
  const event: AnswerEvent = {
    ...{ kind: 'ended', outcome: 'failed', code, detail },
    ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
    ...{ usage: { promptTokens: 0, answerTokens: 0 }, receipts: [], operators: [], charged: 0 },
  }
  return respond(id, { type: 'CommandDone', result: JSON.stringify(event) })
}
