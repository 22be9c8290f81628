import type { Amount, Millis } from '@infermesh/kernel'
import { asciiBytes } from '../derive.ts'
import type { SealingContext } from '../envelope.ts'
import { emptyFrontier, type Frontier } from '../log/frontier.ts'
import type { Directory } from '../network.ts'
import { writeCbor } from '../wire/cbor.ts'
import { type CborWriter, overWritten } from '../wire/cbor-writer.ts'
import { fromHex, toHex } from '../wire/schema.ts'
import { flowOf, openAccounts } from './accounts.ts'
import { ZERO_DIGEST } from './beacon.ts'
import { FactsCache } from './receipt-facts.ts'
import type { LedgerRule, Rules } from './rules.ts'
import { type Change, Draft, Store } from './store.ts'

/** Where the chain of blocks stands. */
export interface Head {
  /** 0 before the first block. */
  readonly height: number
  readonly blockId: string
  readonly time: Millis
  readonly stateRoot: string
  readonly log: Frontier
  /** All coins: balances, stakes, escrow and what was burnt. No block changes it. */
  readonly total: Amount
  readonly escrow: Amount
}

/** Everything that follows from the final blocks. Two peers with the same head have the same ledger. */
export interface Ledger {
  readonly rules: Rules
  readonly store: Store
  head: Head
}

export interface LedgerOptions {
  /** For planted bugs alone. */
  readonly waived?: ReadonlySet<LedgerRule> | undefined
  /** Works every block out itself, whatever other ledgers of this process found: for audits. */
  readonly isAlone?: boolean
}

/** The ledger before the first block. */
export function createLedger(
  directory: Directory,
  sealing: SealingContext,
  { waived = new Set(), isAlone = false }: LedgerOptions = {},
): Ledger {
  const { hash } = sealing.crypto
  const rules: Rules = {
    directory,
    parameters: directory.genesis.parameters,
    hash,
    sealing,
    facts: new FactsCache(directory, sealing),
    waived,
    sharesSteps: !isAlone,
  }
  const store = new Store()
  const draft = new Draft(store)
  openAccounts(draft, directory.genesis)
  const changes = draft.changes()
  store.commit(changes)
  const { total, escrow } = flowOf(changes)
  const stateRoot = chainedRoot(rules, ZERO_DIGEST, changes)
  return { rules, store, head: { height: 0, blockId: ZERO_DIGEST, time: 0, stateRoot, log: emptyFrontier, total, escrow } }
}

/** Chained, so that a block costs what it changes and not what the ledger holds. */
export function chainedRoot(rules: Rules, previous: string, changes: readonly Change[]): string {
  const write = (writer: CborWriter): void => {
    writer.raw(asciiBytes('infermesh state'))
    writer.raw(fromHex(previous))
    writer.list(changes.length)
    for (const { kind, key, after } of changes) writeCbor(writer, [kind, key, after ?? null])
  }
  return overWritten(write, (bytes) => toHex(rules.hash(bytes)))
}
