import type { Cryptography } from '@infermesh/kernel'
import { Directory, type Envelope, fromHex, type Genesis, openAs, openEnvelope } from '@infermesh/protocol'
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

/** Opens every signature, checks that 2f+1 settlers signed each block, and folds the log from zero. */
export function replayLog(
  genesis: Genesis,
  log: FinalLog,
  crypto: Cryptography = nodeCryptography,
  waived?: ReadonlySet<LedgerRule>,
): Replay {
  const directory = new Directory(genesis)
  const sealing = { networkId: genesis.networkId, crypto }
  const ledger = createLedger(directory, sealing, { waived, isAlone: true })
  const entries = new Map(log.entries.map((hex) => openEnvelope(fromHex(hex), sealing)).map((entry) => [entry.id, entry]))
  const checkpoints = log.checkpoints.map((hex) => openAs('checkpoint', fromHex(hex), sealing))
  const events: LedgerEvent[] = []
  for (const { payload } of checkpoints) {
    const { block } = payload
    const named = block.entries.map((id) => entries.get(id))
    if (named.includes(undefined))
      throw new ReplayFailed(
        `block ${block.height}: expected ${block.entries.length} entries, ${named.filter((entry) => entry === undefined).length} are missing`,
      )
    events.push(
      ...foldBlock(
        ledger,
        payload,
        named.filter((entry) => entry !== undefined),
      ),
    )
  }
  return {
    ledger,
    directory,
    entries,
    order: checkpoints.flatMap(({ payload }) => payload.block.entries),
    events,
    checkpoints,
    open: (bytes) => openEnvelope(bytes, sealing),
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
