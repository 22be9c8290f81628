import type { Millis, Random } from '@infermesh/kernel'
import type { Passage } from '@infermesh/peers'
import type { Arrival, TraceRow } from './arrivals.ts'

/** What a client says of a request's place in its conversation. */
export interface SessionClaim {
  readonly id: string
  readonly turn: number
  readonly last: boolean
  readonly pause: 'tool' | 'user'
  readonly expectMs?: number
  readonly sigma?: number
  readonly publicTokens?: number
}

/** A row that belongs to a conversation. */
export interface TurnRow extends TraceRow {
  readonly session: SessionClaim
  readonly passages: readonly Passage[]
  /** Pause after the answer before; absent on first turns. */
  readonly thinkMs?: Millis
}

export const isTurn = (row: TraceRow): row is TurnRow => 'session' in row

export interface ChainOptions {
  readonly rows: readonly TurnRow[]
  readonly from: Millis
  readonly until: Millis
  readonly thinkMax: Millis
  readonly random: Random
  /** Makes a row's arrival, without what ties it to its conversation. */
  readonly arrive: (row: TurnRow, client: number) => Arrival
  readonly clients: number
}

/** One arrival for each conversation that starts in time; the later turns follow in `next`. */
export function conversationsOf({ rows, from, until, thinkMax, random, arrive, clients }: ChainOptions): Arrival[] {
  const bySession = new Map<string, TurnRow[]>()
  for (const row of rows) bySession.set(row.session.id, [...(bySession.get(row.session.id) ?? []), row])
  return [...bySession.values()].flatMap((turns): Arrival[] => {
    // A conversation belongs to one client: another could not find its memory.
    const client = random.below(clients)
    const start = from + (turns[0]?.at ?? 0)
    if (start >= until) return []
    const first = turns.reduceRight<Arrival | undefined>((next, row, index) => {
      const arrival = {
        ...arrive(row, client),
        session: { ...row.session, last: row.session.last || index === turns.length - 1 },
        passages: row.passages,
      }
      const pause = Math.min(Math.round(turns[index + 1]?.thinkMs ?? 0), thinkMax)
      return next === undefined ? arrival : { ...arrival, next: { pause, until, arrival: next } }
    }, undefined)
    return first === undefined ? [] : [{ ...first, at: Math.round(start) }]
  })
}
