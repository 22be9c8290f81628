import type { PeerEffect } from '@infermesh/protocol'

/** What a child of a machine did, and what its parent should know of it. */
export interface Step<News> {
  readonly effects: readonly PeerEffect[]
  readonly news?: News
}

export const quiet = { effects: [] } as const satisfies Step<never>
