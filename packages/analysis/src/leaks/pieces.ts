import type { NetworkRecord } from '@infermesh/scenario'
import type { RelaySighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, shareOf } from './leak.ts'

/**
 * How much each piece of a streamed answer says, from the bytes that a relay passes on: lengths of words give a text away. The attacker has
 * seen pieces of its own, of every other client, and knows what each size of them held.
 */
export function pieceLeak(
  records: readonly NetworkRecord[],
  samples: readonly { readonly sighting: RelaySighting; readonly truth: Truth }[],
): Leak | undefined {
  const held = heldBy(records)
  const clients = [...new Set(samples.map(({ truth }) => truth.client))].sort()
  const own = new Set(clients.filter((_, index) => index % 2 === 0))
  const pieces = samples.flatMap(({ sighting, truth }) => {
    const plain = held.get(truth.sealed) ?? []
    return sighting.answer.map(({ bytes }, index) => ({ bytes, plain: plain[index] ?? 0, isOwn: own.has(truth.client) }))
  })
  const known = new Map<number, Map<number, number>>()
  for (const { bytes, plain, isOwn } of pieces) {
    if (!isOwn) continue
    const seen = known.get(bytes) ?? new Map<number, number>()
    known.set(bytes, seen.set(plain, (seen.get(plain) ?? 0) + 1))
  }
  const judged = pieces.filter(({ isOwn }) => !isOwn)
  if (judged.length === 0 || known.size === 0) return undefined
  const sizes = [...known.keys()]
  // A size that was never seen holds as much more as it is longer than the nearest one: seals add the same to all.
  const guess = (bytes: number): number => {
    const near = sizes.reduce((best, size) => (Math.abs(size - bytes) < Math.abs(best - bytes) ? size : best), sizes[0] ?? 0)
    return mostFrequent(known.get(near)) + bytes - near
  }
  const bits = judged.map(({ bytes, plain }) => {
    const seen = known.get(bytes)
    const total = [...(seen?.values() ?? [])].reduce((sum, count) => sum + count, 0)
    return Math.log2((total + 1) / ((seen?.get(plain) ?? 0) + 1))
  })
  return {
    ...{ observer: 'relay', fact: 'piece lengths', attack: 'chunk sizes', samples: judged.length },
    success: shareOf(judged.map(({ bytes, plain }) => guess(bytes) === plain)),
    blind: blindGuess(judged.map(({ plain }) => String(plain))),
    ...bitsOf(bits),
  }
}

function mostFrequent(counts: ReadonlyMap<number, number> = new Map()): number {
  return [...counts].reduce((best, seen) => (seen[1] > best[1] ? seen : best), [0, 0] as [number, number])[0]
}

/** What each piece of an answer really held, for the judge. */
function heldBy(records: readonly NetworkRecord[]): ReadonlyMap<string, readonly number[]> {
  const held = new Map<string, number[]>()
  for (const { event } of records) {
    if (event.type === 'answerSealed') held.set(event.sealed, [...(held.get(event.sealed) ?? []), event.plainBytes])
  }
  return held
}
