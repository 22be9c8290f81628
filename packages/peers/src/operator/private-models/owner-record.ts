import { assert, type PeerId } from '@infermesh/kernel'
import { DecodeFailed, decodeAs, encodeAs } from '@infermesh/protocol'
import { digest, list, nested, peer, struct, uint } from '../../grantor/authority/protocol-parts.ts'
import type { Temperature } from './config.ts'

export interface RosterEntry {
  readonly standby: PeerId
  readonly temperature: Temperature
  readonly priority: number
}

/** What an owner must not forget: whom it wants as standbys, every right it ever signed, and those it took back. */
export interface OwnerRecord {
  readonly roster: readonly RosterEntry[]
  /** Delegation envelopes, oldest first. */
  readonly issued: readonly Uint8Array[]
  /** Ids of delegations. */
  readonly revoked: readonly string[]
}

export const ISSUED_MAX = 1024
const temperatures: readonly Temperature[] = ['cold', 'warm', 'hot']

const schema = struct({
  roster: list(struct({ standby: peer, temperature: uint(2), priority: uint(255) }), 64),
  issued: list(nested, ISSUED_MAX),
  revoked: list(digest, ISSUED_MAX),
})

export const encodeOwnerRecord = ({ roster, ...rest }: OwnerRecord): Uint8Array =>
  encodeAs(schema, {
    ...rest,
    roster: roster.map((entry) => ({ ...entry, temperature: temperatures.indexOf(entry.temperature) })),
  })

export function decodeOwnerRecord(key: string, value: Uint8Array): OwnerRecord {
  try {
    const { roster, ...rest } = decodeAs(schema, value, key)
    return { ...rest, roster: roster.map((entry) => ({ ...entry, temperature: temperatures[entry.temperature] ?? 'cold' })) }
  } catch (failure) {
    assert(!(failure instanceof DecodeFailed), `this peer's own disk is damaged at ${key}: ${String(failure)}`)
    throw failure
  }
}
