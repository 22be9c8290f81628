import { assert, type Millis, type PeerId } from '@infermesh/kernel'
import { DecodeFailed, decodeAs, encodeAs } from '@infermesh/protocol'
import { flag, list, peer, struct, uint } from './authority/protocol-parts.ts'

/** The one lease that a grantor stands by, for one model. */
export interface LeasePromise {
  /** Whoever signed the first manifest seen: nobody else can become the owner. */
  readonly owner: PeerId
  /** The highest epoch ever promised; 0 before the first. */
  readonly epoch: number
  readonly holder?: PeerId
  readonly released: boolean
  /** Own clock. */
  readonly grantedAt: Millis
}

const schema = struct({ owner: peer, epoch: uint(), holder: list(peer, 1), released: flag })

/** Without `grantedAt`: renewals need no disk write, and after a restart the wait begins anew. */
export const encodePromise = ({ owner, epoch, holder, released }: LeasePromise): Uint8Array =>
  encodeAs(schema, { owner, epoch, holder: holder === undefined ? [] : [holder], released })

/** Restores a promise as if it had been given at `now`, since no clock is trusted across a restart. */
export function decodePromise(key: string, value: Uint8Array, now: Millis): LeasePromise {
  try {
    const { holder, ...rest } = decodeAs(schema, value, key)
    return { ...rest, grantedAt: now, ...(holder[0] === undefined ? {} : { holder: holder[0] }) }
  } catch (failure) {
    assert(!(failure instanceof DecodeFailed), `this peer's own disk is damaged at ${key}: ${String(failure)}`)
    throw failure
  }
}
