import { type Envelope, openAs } from '../../envelope.ts'
import { MerkleLog } from '../../log/merkle-log.ts'
import { verifyConsistency } from '../../log/verification.ts'
import type { Block } from '../../statements/index.ts'
import { fromHex, toHex } from '../../wire/schema.ts'
import { evidenceOf, verifyEvidence } from '../evidence.ts'
import type { LedgerEvent } from '../rules.ts'
import type { Cast } from './actors.ts'

/** What anybody can see of a ledger from outside: blocks, entries, what they are said to have done, and the coins after each. */
export interface History {
  readonly blocks: readonly { readonly block: Block; readonly entries: readonly Envelope[] }[]
  readonly events: readonly LedgerEvent[]
  readonly coins: readonly { readonly total: number; readonly least: number }[]
}

export interface Expectations {
  readonly cast: Cast
  readonly genesisCoins: number
  /** Operators that did what a slash is for. */
  readonly liars: ReadonlySet<string>
}

type Leaf = Extract<LedgerEvent, { readonly type: 'leafSettled' }>

/** The names of the invariants that the history breaks. It shares no code with the fold, save for opening evidence. */
export function brokenInvariants(history: History, expected: Expectations): string[] {
  const leaves = history.events.filter((event) => event.type === 'leafSettled')
  const receipts = new Map(
    history.blocks.flatMap(({ entries }) => entries.flatMap((entry) => (entry.type === 'receipt' ? [[entry.id, entry] as const] : []))),
  )
  const broken = {
    I1: settledTwice(leaves),
    I2: history.coins.some(({ total, least }) => total !== expected.genesisCoins || least < 0),
    I3: aboveMax(leaves, receipts, expected.cast),
    I4: withoutReceipt(leaves, receipts, history.events),
    I5: superseded(leaves, history.blocks),
    I7: unproven(history, expected.cast),
    I8: history.events.some((event) => event.type === 'slashed' && !expected.liars.has(event.accused)),
    I9: rewritten(history.blocks, expected.cast),
  }
  return Object.entries(broken).flatMap(([name, isBroken]) => (isBroken ? [name] : []))
}

function settledTwice(leaves: readonly Leaf[]): boolean {
  const tokens = leaves.flatMap(({ requestId, from, to }) =>
    Array.from({ length: to - from }, (_, index) => `${requestId}/${from + index}`),
  )
  return new Set(tokens).size < tokens.length
}

function aboveMax(leaves: readonly Leaf[], receipts: ReadonlyMap<string, Envelope<'receipt'>>, cast: Cast): boolean {
  const charged = new Map<string, number>()
  for (const { requestId, amount } of leaves) charged.set(requestId, (charged.get(requestId) ?? 0) + amount)
  return leaves.some(({ receipt, requestId }) => {
    const raw = receipts.get(receipt)?.payload.request
    return raw !== undefined && (charged.get(requestId) ?? 0) > openAs('request', raw, cast.sealing).payload.maxCharge
  })
}

function withoutReceipt(
  leaves: readonly Leaf[],
  receipts: ReadonlyMap<string, Envelope<'receipt'>>,
  events: readonly LedgerEvent[],
): boolean {
  const voids = new Set(events.flatMap((event) => (event.type === 'receiptVoid' ? [event.receipt] : [])))
  return leaves.some((leaf) => voids.has(leaf.receipt) || receipts.get(leaf.receipt)?.payload.amount !== leaf.amount)
}

function superseded(leaves: readonly Leaf[], blocks: History['blocks']): boolean {
  const epochs = new Map<string, number>()
  const stale = new Set<string>()
  for (const entry of blocks.flatMap(({ entries }) => entries)) {
    if (entry.type === 'lease') epochs.set(entry.payload.model, Math.max(entry.payload.epoch, epochs.get(entry.payload.model) ?? 0))
    if (entry.type === 'receipt' && entry.payload.epoch < (epochs.get(entry.payload.model) ?? 0)) stale.add(entry.id)
  }
  return leaves.some(({ receipt }) => stale.has(receipt))
}

function unproven({ blocks, events }: History, cast: Cast): boolean {
  const entries = new Map(blocks.flatMap(({ entries }) => entries.map((entry) => [entry.id, entry] as const)))
  return events.some((event) => {
    if (event.type !== 'slashed') return false
    const proof = event.proof.flatMap((id) => entries.get(id) ?? [])
    const evidence = cast.by('settler-0').sign('evidence', evidenceOf(event, proof), 0)
    const finding = verifyEvidence(evidence.bytes, cast.directory, cast.sealing)
    return !finding.proves || finding.accused !== event.accused
  })
}

function rewritten(blocks: History['blocks'], cast: Cast): boolean {
  const { hash } = cast.sealing.crypto
  const log = new MerkleLog(hash)
  for (const { entries } of blocks) for (const { id } of entries) log.append(fromHex(id))
  const sizes = blocks.map(({ block }) => ({ size: block.logSize, root: fromHex(block.logRoot) }))
  return sizes.some(({ size, root }, index) => {
    const earlier = sizes[Math.floor(index / 2)]
    if (earlier === undefined || size > log.size() || earlier.size > size) return true
    const proof = log.consistencyProof(earlier.size, size)
    return (
      toHex(log.root(size)) !== toHex(root) ||
      !verifyConsistency(hash, { earlier: earlier.size, earlierRoot: earlier.root, size, root }, proof)
    )
  })
}
