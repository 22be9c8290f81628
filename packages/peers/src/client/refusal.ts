import type { ErrorCode, MessageOf } from '@infermesh/protocol'

/** Why something was not done, before it becomes a message. */
export interface Refusal {
  readonly code: ErrorCode
  readonly detail: string
  /** Milliseconds. */
  readonly retryAfter?: number
}

const DETAIL_LENGTH_MAX = 400

/** The wire form of a refusal. Details that name many peers are cut to what the message may carry. */
export const refused = ({ code, detail, retryAfter }: Refusal): MessageOf<'Refused'> => ({
  type: 'Refused',
  code,
  detail: detail.length > DETAIL_LENGTH_MAX ? `${detail.slice(0, DETAIL_LENGTH_MAX - 1)}…` : detail,
  retryAfter: retryAfter === undefined ? undefined : Math.max(0, Math.ceil(retryAfter)),
})
