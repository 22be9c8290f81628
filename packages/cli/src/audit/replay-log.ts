import type { Cryptography } from '@infermesh/kernel'
import { Directory, type Envelope, type Genesis, openAs, openEnvelope, type SealingContext, toHex } from '@infermesh/protocol'
import { apply, createLedger, type Head, type Ledger, type LedgerEvent, type LedgerRule, openCommit } from '@infermesh/protocol/ledger'
import { nodeCryptography } from '@infermesh/protocol/node'
import type { FinalLog } from '../worlds/world.ts'

export interface Replay {
  readonly ledger: Ledger
  readonly directory: Directory
  /** Every entry by its id, and the whole log's order. */
  readonly entries: ReadonlyMap<string, Envelope>
  readonly order: readonly string[]
  readonly events: readonly LedgerEvent[]
  readonly checkpoints: readonly Envelope<'checkpoint'>[]
  /** Opens a statement that is nested in another; its signature is checked. */
  open(bytes: Uint8Array): Envelope
}

/** The log does not say what its settlers say it says. */
export class ReplayFailed extends Error {
  override readonly name = 'ReplayFailed'
}

/** What a log is folded with, and into. */
export interface Folding {
  readonly directory: Directory
  readonly sealing: SealingContext
  readonly ledger: Ledger
}

/** A block as it was folded in. */
export interface FoldedBlock {
  readonly checkpoint: Envelope<'checkpoint'>
  readonly entries: readonly Envelope[]
  readonly events: readonly LedgerEvent[]
}

export function foldingFrom(genesis: Genesis, crypto: Cryptography = nodeCryptography, waived?: ReadonlySet<LedgerRule>): Folding {
  const directory = new Directory(genesis)
  const sealing = { networkId: genesis.networkId, crypto }
  return { directory, sealing, ledger: createLedger(directory, sealing, { waived, isAlone: true }) }
}

/**
 * Opens every signature, checks that 2f+1 settlers signed each block, and folds the log from zero, block by block. An entry is opened with
 * its block: a long log is never open as a whole.
 */
export function* foldLog(log: FinalLog, { sealing, ledger }: Folding): Generator<FoldedBlock> {
  const { hash } = sealing.crypto
  const places = new Map(log.entries.map((entry, place) => [toHex(hash(entry)), place]))
  for (const raw of log.checkpoints) {
    const checkpoint = openAs('checkpoint', raw, sealing)
    const { block } = checkpoint.payload
    const found = block.entries.flatMap((id) => log.entries[places.get(id) ?? -1] ?? [])
    const missing = block.entries.length - found.length
    if (missing > 0) throw new ReplayFailed(`block ${block.height}: expected ${block.entries.length} entries, ${missing} are missing`)
    const entries = found.map((entry) => openEnvelope(entry, sealing))
    yield { checkpoint, entries, events: foldBlock(ledger, checkpoint.payload, entries) }
  }
}

/** Folds the log as `foldLog` does, and keeps all that it was. */
export function replayLog(genesis: Genesis, log: FinalLog): Replay {
  const folding = foldingFrom(genesis)
  const blocks = [...foldLog(log, folding)]
  return {
    ledger: folding.ledger,
    directory: folding.directory,
    entries: new Map(blocks.flatMap((block) => block.entries.map((entry) => [entry.id, entry]))),
    order: blocks.flatMap(({ checkpoint }) => checkpoint.payload.block.entries),
    events: blocks.flatMap(({ events }) => events),
    checkpoints: blocks.map(({ checkpoint }) => checkpoint),
    open: (bytes) => openEnvelope(bytes, folding.sealing),
  }
}

function foldBlock(
  ledger: Ledger,
  { block, precommits }: Envelope<'checkpoint'>['payload'],
  entries: readonly Envelope[],
): readonly LedgerEvent[] {
  const events = attempt(block.height, () => apply(ledger, block, entries))
  const decided: Pick<Head, 'height' | 'blockId'> = ledger.head
  const votes = openCommit(ledger.rules, precommits, decided)
  if (typeof votes === 'string') throw new ReplayFailed(`block ${block.height}: ${votes}`)
  return events
}

function attempt<T>(height: number, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new ReplayFailed(`block ${height}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
