import type { Effect, GossipVerdict, Input, Machine, Millis, PeerId, TraceEvent, TraceRecord } from '@infermesh/kernel'
import type { Note, Paper } from './note.ts'

/** Finds the id of another peer of the case. */
export type IdOf = (name: string) => PeerId

export interface CasePeer {
  readonly name: string
  createMachine(idOf: IdOf): Machine<Note, Paper>
}

/** What is done to the peers, at a time since all of them were started. */
export type Step =
  | { readonly at: Millis; readonly type: 'crash' | 'restart' | 'pause' | 'resume'; readonly peer: string }
  /** The peer dies once it has performed so many more effects. */
  | { readonly at: Millis; readonly type: 'crashAfter'; readonly peer: string; readonly effects: number }

/**
 * One promise of a world, as a small run. The peers say what they see by `emit`, and the check reads nothing but those records, so
 * it cannot tell which world made them. Times leave room for worlds that run in real time.
 */
export interface ConformanceCase {
  /** The promise, in the words of the design. */
  readonly promise: string
  /** A name for this case, as a sentence about what must be seen. */
  readonly name: string
  readonly peers: readonly CasePeer[]
  /** Peers that are not started; a `restart` step may start them. */
  readonly down?: readonly string[]
  readonly script?: readonly Step[]
  /** When the run ends, in ms. */
  readonly until: Millis
  /** What is wrong with the run, or nothing. */
  check(records: readonly TraceRecord<Seen>[]): string | undefined
}

/** A world under test. Each run starts from nothing; the result holds the records of peers only, in trace order. */
export interface ConformanceWorld {
  readonly name: string
  run(conformanceCase: ConformanceCase): Promise<readonly TraceRecord<Seen>[]>
}

/** What a peer of a case tells: each input as it comes, and what the case lets it say. */
export type Seen =
  | { readonly type: 'saw'; readonly input: string; readonly what: string; readonly now: Millis }
  | { readonly type: 'said'; readonly what: string }

export const said = (what: string): Effect<never, never> => ({ type: 'emit', event: { type: 'said', what } as TraceEvent })

/** What a peer of a case does with an input. */
export type Behaviour = (input: Input<Note, Paper>, idOf: IdOf) => readonly Effect<Note, Paper>[]

/** A peer that tells of every input first, and then does what the case says. */
export function peer(name: string, behave: Behaviour = () => [], validate?: (text: string) => GossipVerdict): CasePeer {
  return {
    name,
    createMachine: (idOf) => ({
      handle: (input, now) => [{ type: 'emit', event: seen(input, now) }, ...behave(input, idOf)],
      ...(validate && { validate: (_topic: string, envelope: Paper) => validate(envelope.text) }),
    }),
  }
}

function seen(input: Input<Note, Paper>, now: Millis): Seen {
  return { type: 'saw', input: input.type, what: gist(input), now }
}

/** The part of an input that checks ask for. */
function gist(input: Input<Note, Paper>): string {
  switch (input.type) {
    case 'started':
      return [...input.saved]
        .map(([key, value]) => `${key}=${value.join('.')}`)
        .sort()
        .join(' ')
    case 'request':
      return input.message.text
    case 'response':
      return `${input.callId}: ${input.message.text}${input.last ? ' (last)' : ''}`
    case 'failed':
      return `${input.callId}: ${input.failure.code}`
    case 'gossip':
      return input.envelope.text
    case 'timer':
      return input.key
    case 'computed':
      return `${input.callId}: ${input.result.ok ? input.result.value : input.result.code}${input.last ? ' (last)' : ''}`
    case 'cancelled':
    case 'peerLost':
      return ''
  }
}

/** What one peer saw of one kind of input, in order. */
export const sawBy = (records: readonly TraceRecord<Seen>[], name: string, input?: string): readonly string[] =>
  records.flatMap(({ peer: who, event }) =>
    who === name && event.type === 'saw' && (input === undefined || event.input === input) ? [event.what] : [],
  )

/** What one peer said, in order. */
export const saidBy = (records: readonly TraceRecord<Seen>[], name: string): readonly string[] =>
  records.flatMap(({ peer: who, event }) => (who === name && event.type === 'said' ? [event.what] : []))

/** A finding when two lists differ. */
export function differs(what: string, found: readonly string[], expected: readonly string[]): string | undefined {
  const isSame = found.length === expected.length && found.every((item, index) => item === expected[index])
  return isSame ? undefined : `${what}: expected [${expected.join(', ')}], found [${found.join(', ')}]`
}
