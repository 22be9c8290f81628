import type { Millis } from '@infermesh/kernel'
import { z } from 'zod'

/** Quantities as people write them in scenarios: `40ms`, `0.1%`, `4/s`, `300 tokens`. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

export const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'expected a duration such as 40ms, 5s, 2m or 1h')
  .transform((text): Millis => {
    const [, count = '0', unit = 'ms'] = /^([\d.]+)(\D+)$/.exec(text) ?? []
    return Math.round(Number(count) * (UNIT_MS[unit] ?? 1))
  })
  .meta({ description: 'A duration: a number and ms, s, m or h', examples: ['40ms', '5s', '2m'] })

/** A share of one. */
export const percent = z
  .string()
  .regex(/^\d+(\.\d+)?%$/, 'expected a percentage such as 0.1%')
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .meta({ description: 'A percentage', examples: ['0.1%', '50%'] })

/** Events a second. */
export const rate = z
  .string()
  .regex(/^\d+(\.\d+)?\/(s|m|h)$/, 'expected a rate such as 4/s or 10/m')
  .transform((text) => {
    const [count = '0', unit = 's'] = text.split('/')
    return Number(count) / ((UNIT_MS[unit] ?? 1_000) / 1_000)
  })
  .meta({ description: 'Events a second, minute or hour', examples: ['4/s', '10/m'] })

export const bandwidth = z
  .string()
  .regex(/^\d+(\.\d+)?(kbit|Mbit|Gbit)$/, 'expected a bandwidth such as 10Mbit')
  .transform((text) => {
    const [, count = '0', unit = 'Mbit'] = /^([\d.]+)(\D+)$/.exec(text) ?? []
    return Number(count) * ({ kbit: 1e3, Mbit: 1e6, Gbit: 1e9 }[unit] ?? 1e6)
  })
  .meta({ description: 'Bits a second, a number and kbit, Mbit or Gbit' })

export const tokenCount = z
  .string()
  .regex(/^\d+ tokens?$/, 'expected a number of tokens such as 300 tokens')
  .transform((text) => Number(text.split(' ')[0]))

/** How long prompts or answers are: always the same, lognormal by median and p99, or drawn from a published trace's statistics. */
export const lengths = z.union([
  tokenCount.transform((count) => ({ kind: 'fixed' as const, count })),
  z.strictObject({ median: tokenCount, p99: tokenCount }).transform((shape) => ({ kind: 'lognormal' as const, ...shape })),
])
export type Lengths = z.infer<typeof lengths>

export const latency = z.union([
  duration.transform((median) => ({ median, p99: median })),
  z
    .strictObject({ median: duration, p99: duration })
    .refine((shape) => shape.p99 >= shape.median, 'expected p99 to be at least the median'),
])

export const peerName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected a peer name: lower-case letters, digits and dashes')
