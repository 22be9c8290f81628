import { z } from 'zod'
import { duration } from './quantities.ts'

const whole = z.int().min(0)
const panel = z.strictObject({ size: whole, quorum: whole }).partial()

/** The network's rules as a scenario may override them. What is absent keeps the protocol's default. */
export const parameters = z
  .strictObject({
    heartbeatEvery: duration,
    suspicion: z.strictObject({ stop: z.number(), suspect: z.number() }).partial(),
    lease: z.strictObject({ ttl: duration, renewEvery: duration, driftPpm: whole, epsilon: duration, quorum: whole }).partial(),
    audit: z
      .strictObject({
        ratePerMille: whole.max(1000),
        firstLook: whole,
        committee: panel,
        appeal: panel,
        commitWithin: duration,
        revealWithin: duration,
      })
      .partial(),
    settlement: z
      .strictObject({
        blockEvery: duration,
        challengeWindow: duration,
        batch: z.strictObject({ size: whole, idle: duration, maxAge: duration }).partial(),
        roundTimeout: duration,
        slash: whole,
        reporterPerMille: whole.max(1000),
      })
      .partial(),
    serving: z.strictObject({ receiptTokens: whole, queued: whole, attempts: whole, leaseWait: duration }).partial(),
  })
  .partial()
