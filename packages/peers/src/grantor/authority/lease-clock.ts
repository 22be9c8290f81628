import type { Millis } from '@infermesh/kernel'
import type { Parameters } from '@infermesh/protocol'

const MILLION = 1_000_000

/**
 * How long a holder may serve after it asked, on its own clock: ttl·(1−ρ) − ε. With true drift within ρ this ends before any
 * grantor's wait does, whatever the answers' delay.
 */
export const holderTtl = ({ ttl, driftPpm, epsilon }: Parameters['lease']): Millis =>
  Math.floor((ttl * (MILLION - driftPpm)) / MILLION) - epsilon

/** How long a grantor keeps its promise after it granted, on its own clock: ttl·(1+ρ) + ε. */
export const grantorWait = ({ ttl, driftPpm, epsilon }: Parameters['lease']): Millis =>
  Math.ceil((ttl * (MILLION + driftPpm)) / MILLION) + epsilon
