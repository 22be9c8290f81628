import type { Millis, PeerId } from '@infermesh/kernel'
import type { LeasePromise } from './promise.ts'

/** Farther than this above the highest known epoch, an ask is an attempt to use the numbers up. */
const EPOCH_LEAP_MAX = 1_000_000

export type LeaseDecision =
  | { readonly state: 'renew' }
  | { readonly state: 'grant' }
  | { readonly state: 'deny'; readonly code: 'stale-epoch' | 'lease-held' | 'bad-request'; readonly retryAfter: Millis }

/**
 * The rule of a lease. An epoch goes to one holder only, epochs rise, and another holder waits until the promise has run out on
 * this grantor's clock or its holder gave it back.
 */
export function decideLease(
  promise: LeasePromise,
  ask: { readonly holder: PeerId; readonly epoch: number },
  clock: { readonly now: Millis; readonly wait: Millis },
): LeaseDecision {
  const same = promise.holder === ask.holder
  if (same && !promise.released && ask.epoch === promise.epoch) return { state: 'renew' }
  const bound = promise.holder !== undefined && !promise.released && !same
  const retryAfter = bound ? Math.max(0, promise.grantedAt + clock.wait - clock.now) : 0
  if (ask.epoch <= promise.epoch) return { state: 'deny', code: 'stale-epoch', retryAfter }
  if (ask.epoch > promise.epoch + EPOCH_LEAP_MAX) return { state: 'deny', code: 'bad-request', retryAfter }
  return retryAfter > 0 ? { state: 'deny', code: 'lease-held', retryAfter } : { state: 'grant' }
}
