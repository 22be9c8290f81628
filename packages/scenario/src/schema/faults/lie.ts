import { z } from 'zod'
import { duration, percent, rate } from '../quantities.ts'
import { peers, when } from './terms.ts'

/** Every lie, with what it does. The network should see through each of them; `docs/reference` has what to expect. */
export const lieDescriptions = {
  'lazy-operator': 'answers with made-up tokens and signs receipts for them',
  'model-swap': 'answers with another, cheaper model',
  'quantised-model': 'answers with the right model, but some tokens drift',
  'tampering-operator': 'changes tokens after they were made, so that they differ from their receipt',
  'tampering-gateway': 'changes tokens on their way to the client',
  'request-tampering': 'a gateway changes the prompt on its way to the operator',
  replay: 'publishes its old statements again and again',
  'double-receipt': 'signs two receipts with one sequence number, and publishes both',
  'withheld-receipts': 'serves, and never publishes a receipt',
  'delayed-receipts': 'publishes each receipt late',
  'overcharging-operator': 'puts a higher amount in its receipts than the price says',
  spam: 'publishes statements that nobody may accept',
  sybils: 'publishes under made-up identities',
  'lazy-verifier': 'says match without looking',
  'copying-verifier': 'waits for the verdicts of others and says the same',
  'colluding-verifier': 'says match for the operators it protects, and the truth otherwise',
  'false-accuser': 'says mismatch of honest work',
  'silent-verifier': 'is drawn and never answers',
  'withheld-reveals': 'commits to verdicts and never reveals them',
  'censoring-settler': 'leaves the receipts of the victims out of its blocks',
  'equivocating-settler': 'votes for two blocks at one height',
  'silent-settler': 'neither proposes nor votes',
  eclipse: 'surrounds the victim: its gossip passes through the liars only, and they pass nothing on',
} as const

export type LieKind = keyof typeof lieDescriptions
export const lieKinds = Object.keys(lieDescriptions) as readonly LieKind[]

/** A lie, and who tells it. It begins with the run unless `at` says otherwise. */
export const lie = z.strictObject({
  ...when,
  at: when.at.prefault('0s'),
  lie: z.enum(lieKinds as readonly [LieKind, ...LieKind[]]),
  by: peers,
  share: percent.meta({ description: 'How often it lies, of all chances; always unless told' }).optional(),
  victim: peers.meta({ description: 'Whom it censors, accuses, protects or surrounds' }).optional(),
  late: duration.meta({ description: 'How late delayed receipts are; 10s unless told' }).optional(),
  rate: rate.meta({ description: 'Of spam, replays and sybils; 10/s unless told' }).optional(),
})
