import { epoch, instant, modelId, nested, peer } from '../wire/fields.ts'
import { list, struct, uint } from '../wire/schema.ts'

/** One grantor's promise not to grant this model to another holder before ttl·(1+ρ)+ε has passed on its own clock. */
export const leaseGrant = struct({ model: modelId, holder: peer, epoch, ttl: uint(), grantedAt: instant })

/** Enough grants to be the one holder in this epoch; announced by the holder. `delegation` is absent (empty) for the owner. */
export const lease = struct({ model: modelId, epoch, grants: list(nested, 16), delegation: list(nested, 1), attestation: list(nested, 1) })

/** The holder gives up before its time, so that nobody has to wait. */
export const leaseRelease = struct({ model: modelId, epoch })
