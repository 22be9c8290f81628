import type { Millis, Random } from '@infermesh/kernel'
import type { Passage } from '@infermesh/peers'
import type { Lengths } from '../schema/quantities.ts'
import type { ScenarioFile } from '../schema/scenario.ts'
import { exponential, gamma, lognormal, Z99 } from './draws.ts'
import { phraseOf } from './phrases.ts'
import { conversationsOf, isTurn, type SessionClaim } from './turns.ts'

export type LoadEntry = ScenarioFile['load'][number]

/** One request that a client is told to make. */
export interface Arrival {
  readonly at: Millis
  readonly client: string
  readonly model: string
  readonly promptTokens: number
  readonly maxTokens: number
  readonly deadline: Millis
  readonly session?: SessionClaim
  /** What the prompt is made of, where that matters. */
  readonly passages?: readonly Passage[]
  /** The next turn of the conversation: sent so long after the end of this one, unless that is past `until`. Its `at` says nothing. */
  readonly next?: { readonly pause: Millis; readonly until: Millis; readonly arrival: Arrival }
  /** In place of a made-up prompt. */
  readonly prompt?: string
}

/** One row of a trace of real requests: seconds from the trace's start, prompt and answer length in tokens. */
export interface TraceRow {
  readonly at: Millis
  readonly promptTokens: number
  readonly answerTokens: number
}

const DEFAULT_DEADLINE: Millis = 60_000
const DEFAULT_MAX_ANSWER = 2_048

/**
 * Azure LLM inference trace 2023, conversation service (AzurePublicDataset, CC-BY): 19,366 requests; prompts mean 1,155, median 1,020 tokens;
 * answers mean 211, median 129; arrivals' coefficient of variation 1.09. Lognormal lengths with these medians and means.
 */
const azureConversation2023 = {
  prompt: { median: 1_020, sigma: Math.sqrt(2 * Math.log(1_155 / 1_020)) },
  answer: { median: 129, sigma: Math.sqrt(2 * Math.log(211 / 129)) },
  variation: 1.09,
}

export const clientName = (load: number, client: number | ''): string => `client-${load}-${client}`

/** Every arrival of one load entry, in order of time. `rows` is its trace, when it has one. */
export function arrivalsOf(load: LoadEntry, index: number, random: Random, rows?: readonly TraceRow[]): Arrival[] {
  const shared = { model: load.model, deadline: load.deadline ?? DEFAULT_DEADLINE }
  const cap = load.maxAnswer ?? DEFAULT_MAX_ANSWER
  const pick = random.fork('client')
  const phrase = random.fork('phrase')
  const arrive = (at: Millis, promptTokens: number, answerTokens: number): Arrival => ({
    ...shared,
    at: Math.round(at),
    client: clientName(index, pick.below(load.client)),
    promptTokens: Math.max(1, Math.round(promptTokens)),
    maxTokens: Math.min(cap, Math.max(1, Math.round(answerTokens))),
    ...(load.phrases === undefined ? {} : { prompt: phraseOf(phrase.below(load.phrases)) }),
  })
  if (load.sessions !== undefined) {
    return conversationsOf({
      rows: (rows ?? []).filter(isTurn),
      ...{ from: load.from, until: load.until, thinkMax: load.sessions.think ?? Number.POSITIVE_INFINITY },
      ...{ random: pick, clients: load.client },
      arrive: (row, client) => ({ ...arrive(0, row.promptTokens, row.answerTokens), client: clientName(index, client) }),
    })
  }
  if (load.trace !== undefined) return fromTrace(load, rows ?? [], arrive)
  return fromRate(load, random, arrive)
}

type Arrive = (at: Millis, promptTokens: number, answerTokens: number) => Arrival

/** The trace from its start, at its own pace, or thinned or squeezed to `rate` when one is given. */
function fromTrace(load: LoadEntry, rows: readonly TraceRow[], arrive: Arrive): Arrival[] {
  const [first] = rows
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return []
  const ownRate = (rows.length - 1) / Math.max(1e-3, (last.at - first.at) / 1_000)
  const stretch = load.rate === undefined ? 1 : ownRate / load.rate
  return rows
    .map((row) => ({ ...row, at: load.from + (row.at - first.at) * stretch }))
    .filter((row) => row.at < load.until)
    .map((row) => arrive(row.at, row.promptTokens, row.answerTokens))
}

function fromRate(load: LoadEntry, random: Random, arrive: Arrive): Arrival[] {
  const mean = 1_000 / (load.rate ?? 1)
  const gaps = random.fork('gaps')
  const sizes = random.fork('lengths')
  const gap = (): number => (load.like === undefined ? exponential(gaps, mean) : gamma(gaps, mean, azureConversation2023.variation))
  const arrivals: Arrival[] = []
  for (let at = load.from + gap(); at < load.until; at += gap()) {
    arrivals.push(
      arrive(at, draw(load.prompt, sizes, azureConversation2023.prompt), draw(load.answer, sizes, azureConversation2023.answer)),
    )
  }
  return arrivals
}

function draw(lengths: Lengths | undefined, random: Random, otherwise: { median: number; sigma: number }): number {
  if (lengths === undefined) return lognormal(random, otherwise.median, otherwise.sigma)
  if (lengths.kind === 'fixed') return lengths.count
  return lognormal(random, lengths.median, Math.log(lengths.p99 / lengths.median) / Z99)
}
