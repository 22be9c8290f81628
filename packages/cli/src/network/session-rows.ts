import { randomFrom } from '@infermesh/kernel'
import type { Passage } from '@infermesh/peers'
import type { Scenario, TurnRow } from '@infermesh/scenario'
import { generateAgenticTrace, normal, type TraceRequest, withHints } from '@infermesh/serving'

type LoadEntry = Scenario['load'][number]
type Sessions = NonNullable<LoadEntry['sessions']>
type Turn = TraceRequest & Required<Pick<TraceRequest, 'session'>>

/** Tokens of the generated trace's blocks; only names depend on it, and these are made anew. */
const BLOCK_TOKENS = 64

/** The conversations of a load entry: from its trace's requests, or drawn. Equal seeds, equal conversations. */
export function sessionRows(scenario: Scenario, index: number, fromFile?: readonly TraceRequest[]): readonly TurnRow[] {
  const load = scenario.load[index]
  const sessions = load?.sessions
  if (load === undefined || sessions === undefined) return []
  const random = randomFrom(scenario.seed).fork('sessions').fork(String(index))
  const requests = fromFile ?? drawn(load, sessions, random)
  const hints = random.fork('hints')
  const hinted = sessions.hints === undefined ? requests : withHints(requests, sessions.hints, () => normal(hints))
  const names = new Map<string, number>()
  return hinted.filter(isTurn).flatMap((request) => {
    const { session } = request
    const number = names.get(session.session) ?? names.size
    names.set(session.session, number)
    const tooMany = number >= sessions.count || session.turn >= (sessions.turns ?? Number.POSITIVE_INFINITY)
    return tooMany ? [] : [rowOf(request, sessions, { load: index, number })]
  })
}

const isTurn = (request: TraceRequest): request is Turn => request.session !== undefined

function drawn(load: LoadEntry, sessions: Sessions, random: ReturnType<typeof randomFrom>): readonly TraceRequest[] {
  return generateAgenticTrace({
    ...{ random: random.fork('trace'), sessions: sessions.count, blockTokens: BLOCK_TOKENS },
    startsWithinMs: sessions.start ?? load.until - load.from,
    contextScale: sessions.context ?? 1,
  })
}

function rowOf(request: Turn, { shared }: Sessions, place: { readonly load: number; readonly number: number }): TurnRow {
  const { promptTokens, answerTokens, arrivalMs, session, thinkMs } = request
  const { turn, last, pause, hint } = session
  const publicTokens = Math.min(shared?.tokens ?? 0, promptTokens)
  const own = `conversation ${place.load}/${place.number}`
  const front: Passage[] =
    publicTokens === 0 ? [] : [{ text: `group ${place.number % (shared?.groups ?? 1)}`, from: 0, tokens: publicTokens }]
  return {
    ...{ at: arrivalMs, promptTokens, answerTokens },
    session: {
      ...{ id: `${place.load}/${place.number}`, turn, last, pause },
      ...(publicTokens === 0 ? {} : { publicTokens }),
      ...(hint === undefined ? {} : { expectMs: Math.round(hint.expectMs), sigma: hint.sigma }),
    },
    passages: [...front, ...passagesOf(request, own).flatMap(after(publicTokens))],
    ...(thinkMs === undefined ? {} : { thinkMs: Math.round(thinkMs) }),
  }
}

/** Runs of consecutive block names become slices of one text, so that equal blocks are equal letters. */
function passagesOf({ promptTokens, prefix }: TraceRequest, own: string): Passage[] {
  const passages: Passage[] = []
  let made = 0
  for (let index = 0; prefix !== undefined && index < prefix.keys.length && made < promptTokens; index++) {
    const tokens = Math.min(prefix.blockTokens, promptTokens - made)
    const from = (prefix.keys[index] as number) * prefix.blockTokens
    const last = passages.at(-1)
    if (last !== undefined && last.from + last.tokens === from) passages[passages.length - 1] = { ...last, tokens: last.tokens + tokens }
    else passages.push({ text: own, from, tokens })
    made += tokens
  }
  if (made === promptTokens) return passages
  // The part of a block at the end goes on where the last whole one ended, as the next turn's prompt will.
  const last = passages.at(-1)
  return [...passages, { text: last?.text ?? own, from: last === undefined ? 0 : last.from + last.tokens, tokens: promptTokens - made }]
}

/** Leaves out the first `skipped` tokens of a list of passages, passage by passage. */
function after(skipped: number): (passage: Passage) => Passage[] {
  let left = skipped
  return (passage) => {
    const cut = Math.min(left, passage.tokens)
    left -= cut
    return cut === passage.tokens ? [] : [{ text: passage.text, from: passage.from + cut, tokens: passage.tokens - cut }]
  }
}
