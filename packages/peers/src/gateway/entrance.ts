import type { Millis } from '@infermesh/kernel'
import type { Manifest, Parameters, PeerEffect } from '@infermesh/protocol'
import { highestCharge, tooDear } from '../client/charge.ts'
import type { Refusal } from '../client/refusal.ts'
import type { Funds } from './funds.ts'
import { clientOf, modelOf, requestOf, type Session } from './session.ts'

export interface Entrance {
  readonly refusal: Refusal | undefined
  readonly effects: readonly PeerEffect[]
}

/** Whether a request may be served: its model is known, the client signed enough, and has it. */
export function entranceOf(
  session: Session,
  manifest: Manifest | undefined,
  { funds, serving }: { readonly funds: Funds; readonly serving: Parameters['serving'] },
  now: Millis,
): Entrance {
  if (manifest === undefined) return no({ code: 'unknown-model', detail: `no manifest of ${modelOf(session)} is known here or at a hub` })
  const dear = tooDear(manifest, requestOf(session), serving)
  if (dear !== undefined) return no(dear)
  return funds.admit(clientOf(session), highestCharge(manifest, requestOf(session), serving), now)
}

const no = (refusal: Refusal): Entrance => ({ refusal, effects: [] })
