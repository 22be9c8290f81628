import { epoch, modelId, nested } from '../wire/fields.ts'
import { bytes, list, struct, text, uint } from '../wire/schema.ts'

export const lease = {
  /** `epoch`: the one asked for; the current one to renew, the next to take over. `manifest` proves who owns the model. */
  AskLease: struct({ model: modelId, epoch, manifest: nested, delegation: list(nested, 1), attestation: list(nested, 1) }),
  LeaseGranted: struct({ grant: nested }),
  /** `maxEpoch`: the highest this grantor has promised; `retryAfter`: ms until it could grant a new one. */
  LeaseDenied: struct({ code: text(40), maxEpoch: epoch, retryAfter: uint() }),
  ReleaseLease: struct({ release: nested }),
  LeaseReleased: struct({ maxEpoch: epoch }),
} as const

export const keyRelease = {
  /** Owner to grantor: one Shamir share of the model's key. */
  DepositShare: struct({ manifest: nested, share: bytes(33, 33) }),
  ShareKept: struct({ model: modelId }),
  /** Standby to grantor, under its new lease. */
  ReleaseShare: struct({ model: modelId, lease: nested, delegation: nested, attestation: nested }),
  ShareReleased: struct({ share: bytes(33, 33) }),
  /** Owner to a hot standby, while the owner holds the lease. */
  HoldKey: struct({ model: modelId, lease: nested, delegation: nested, key: bytes(32, 32) }),
  KeyHeld: struct({ model: modelId }),
} as const

export const control = {
  /** A command from the peer's own operator (a person), as JSON; never from the network. */
  Command: struct({ name: text(40), argument: text(1 << 20) }),
  CommandDone: struct({ result: text(1 << 20) }),
} as const
