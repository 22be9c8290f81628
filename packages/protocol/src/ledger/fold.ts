import { assert, type Millis, type PeerId } from '@infermesh/kernel'
import { digestOf } from '../derive.ts'
import type { Envelope } from '../envelope.ts'
import { extended, type Frontier, frontierRoot } from '../log/frontier.ts'
import { leafHash } from '../log/hashing.ts'
import type { Block } from '../statements/index.ts'
import { block as blockSchema } from '../statements/settlement.ts'
import { encodeAs, fromHex, toHex } from '../wire/schema.ts'
import { flowOf } from './accounts.ts'
import { drawAudits } from './audits.ts'
import { type Batch, mature, settle } from './batches.ts'
import { mixBeacon, openCommit } from './beacon.ts'
import { admitEntry, LOGGED_KINDS, type LoggedEntry } from './entries.ts'
import { chainedRoot, type Head, type Ledger } from './ledger.ts'
import { advanceAudits } from './outcomes.ts'
import type { LedgerEvent, Rules, Trial } from './rules.ts'
import { type Change, Draft, type Reader } from './store.ts'

/** Entries that one block may carry. */
export const ENTRIES_MAX = 400

export interface HeaderInputs {
  readonly time: Millis
  readonly proposer: PeerId
  /** Precommits for the previous block, in genesis order of their signers; none before the first block. */
  readonly commit: readonly Uint8Array[]
}

/** A block that was worked out but is not final: what it holds, what it changes, what it will say. */
export interface Step {
  readonly block: Block
  readonly blockId: string
  readonly head: Head
  /** Sorted by kind and key. */
  readonly changes: readonly Change[]
  readonly events: readonly LedgerEvent[]
}

export type Checked = { readonly ok: true; readonly step: Step } | { readonly ok: false; readonly reason: string }

export interface Proposed {
  readonly step: Step
  /** Candidates that can never be logged, with the reason. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[]
}

/** The next block over as many candidates as fit. Those that must wait are neither in it nor refused. */
export function propose(ledger: Ledger, candidates: readonly Envelope[], header: HeaderInputs): Proposed {
  const trial = begin(ledger, header)
  assert(typeof trial !== 'string', `a proposer's own header is sound: ${String(trial)}`)
  const refusals = new Map<string, string>()
  const entries: LoggedEntry[] = []
  // Twice: a receipt may wait for the lease that comes after it in the order.
  let waiting: readonly Envelope[] = inOrder(candidates)
  for (let pass = 0; pass < 2; pass++) {
    const later: Envelope[] = []
    for (const candidate of waiting) {
      if (entries.length === ENTRIES_MAX) break
      const admission = admitEntry(trial, candidate, ledger.head.log.size + entries.length)
      if (admission.outcome === 'deferred') later.push(candidate)
      else if (admission.outcome === 'refused') refusals.set(candidate.id, admission.reason)
      else entries.push(candidate as LoggedEntry)
    }
    waiting = later
  }
  const refused = [...refusals].map(([id, reason]) => ({ id, reason }))
  return { step: finish(ledger, trial, { header, entries }), refused }
}

/** Works the block out anew from its entries, if no equal ledger did. `ok` only if every field comes out the same. */
export function check(ledger: Ledger, block: Block, entries: readonly Envelope[]): Checked {
  const { head, rules } = ledger
  if (block.height !== head.height + 1) return fault(`expected height ${head.height + 1}, found ${block.height}`)
  if (block.previous !== head.blockId) return fault(`expected the block after ${head.blockId}, found ${block.previous}`)
  if (entries.length !== block.entries.length || entries.some(({ id }, index) => id !== block.entries[index]))
    return fault('the entries are not those that the block names')
  const blockId = blockIdOf(rules, block)
  return onceAt(ledger, blockId, () => workOut(ledger, { block, blockId, entries }))
}

/** Followers come to a block a little after those who decided it; one further behind works it out itself. */
const STEPS_KEPT = 64

/**
 * A step follows from the state, the block and the rules alone, and the state root stands for the state: what one ledger found is what each
 * with the same root and rules would find. A proposer's own step is not taken for it: whoever checks first works the block out anew.
 */
function onceAt({ head, rules }: Ledger, blockId: string, work: () => Checked): Checked {
  const { crypto, networkId } = rules.sealing
  if (!rules.sharesSteps || crypto.once === undefined) return work()
  return crypto.once(['ledger step', networkId, ...rules.waived].join(' '), fromHex(head.stateRoot + blockId), work, STEPS_KEPT)
}

interface Named {
  readonly block: Block
  readonly blockId: string
  readonly entries: readonly Envelope[]
}

function workOut(ledger: Ledger, { block, blockId, entries }: Named): Checked {
  const trial = begin(ledger, block)
  if (typeof trial === 'string') return fault(trial)
  for (const [index, entry] of entries.entries()) {
    const admission = admitEntry(trial, entry, ledger.head.log.size + index)
    if (admission.outcome !== 'logged') return fault(`entry ${entry.id} (${entry.type}) is ${admission.outcome}: ${admission.reason}`)
  }
  const step = finish(ledger, trial, { header: block, entries: entries as readonly LoggedEntry[] })
  return step.blockId === blockId ? { ok: true, step } : fault(differenceOf(step.block, block))
}

const fault = (reason: string): Checked => ({ ok: false, reason })

/** The records as they will be once the step is final. It must have been worked out on this ledger's present head. */
export const afterStep = ({ store }: Ledger, { changes }: Step): Reader => new Draft(store, changes)

/** Makes a step final. It must have been worked out on this ledger's present head. */
export function commit(ledger: Ledger, step: Step): readonly LedgerEvent[] {
  assert(step.block.previous === ledger.head.blockId, `block ${step.blockId} does not follow ${ledger.head.blockId}`)
  ledger.store.commit(step.changes)
  ledger.head = step.head
  return step.events
}

/** Checks and makes final; for replays. */
export function apply(ledger: Ledger, block: Block, entries: readonly Envelope[]): readonly LedgerEvent[] {
  const checked = check(ledger, block, entries)
  assert(checked.ok, `block ${block.height} does not follow from the log: ${checked.ok ? '' : checked.reason}`)
  return commit(ledger, checked.step)
}

/** Names a block. The block holds no round, so that it keeps its name when it is proposed again. */
export const blockIdOf = (rules: Pick<Rules, 'hash'>, block: Block): string => digestOf(rules.hash, encodeAs(blockSchema, block))

/** Kind by kind. Leases come after receipts, so that the last receipts of an epoch are paid. */
function inOrder(candidates: readonly Envelope[]): readonly Envelope[] {
  return LOGGED_KINDS.flatMap((kind) => candidates.filter(({ type }) => type === kind))
}

/** Header, beacon and what time alone brings about. A reason instead, when the header is not sound. */
function begin({ rules, store, head }: Ledger, header: HeaderInputs): Trial | string {
  const height = head.height + 1
  if (header.time <= head.time) return `expected a time after ${head.time}, found ${header.time}`
  if (!rules.directory.has(header.proposer, 'settler')) return 'the proposer is not a settler'
  if (head.height === 0 && header.commit.length > 0) return 'the first block has no commit'
  const votes = head.height === 0 ? [] : openCommit(rules, header.commit, head)
  if (typeof votes === 'string') return votes
  const draft = new Draft(store)
  const mixed = mixBeacon(draft, rules, votes)
  if ('fault' in mixed) return mixed.fault
  const trial: Trial = { rules, draft, height, time: header.time, beacon: mixed.beacon, round: votes[0]?.payload.round ?? 0, events: [] }
  drawAudits(trial)
  return trial
}

interface Content {
  readonly header: HeaderInputs
  readonly entries: readonly LoggedEntry[]
}

function finish(ledger: Ledger, trial: Trial, { header, entries }: Content): Step {
  const { rules, head } = ledger
  advanceAudits(trial)
  mature(trial, closedIn(trial.events))
  const batch = settle(trial)
  const changes = trial.draft.changes()
  const flow = flowOf(changes)
  // What a planted bug makes is for the checks to find.
  assert(flow.total === 0 || rules.waived.size > 0, `block ${trial.height} would make ${flow.total} coins out of nothing`)
  const log = entries.reduce((grown, { id }) => extended(rules.hash, grown, leafHash(rules.hash, fromHex(id))), head.log)
  const stateRoot = chainedRoot(rules, head.stateRoot, changes)
  const block = blockOf({ ledger, trial, header, entries, batch, log, stateRoot })
  const blockId = blockIdOf(rules, block)
  const escrow = head.escrow + flow.escrow
  const next: Head = { height: trial.height, blockId, time: header.time, stateRoot, log, total: head.total + flow.total, escrow }
  return { block, blockId, head: next, changes, events: trial.events }
}

const closedIn = (events: readonly LedgerEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'auditClosed' ? [event.receipt] : []))

interface Parts extends Content {
  readonly ledger: Ledger
  readonly trial: Trial
  readonly batch: Batch
  readonly log: Frontier
  readonly stateRoot: string
}

const blockOf = ({ ledger, trial, header, entries, batch, log, stateRoot }: Parts): Block => ({
  height: trial.height,
  previous: ledger.head.blockId,
  time: header.time,
  proposer: header.proposer,
  entries: entries.map(({ id }) => id),
  logSize: log.size,
  logRoot: toHex(frontierRoot(ledger.rules.hash, log)),
  batchId: batch.batchId,
  leavesRoot: batch.leavesRoot,
  leafCount: batch.leaves.length,
  total: batch.total,
  stateRoot,
  beacon: trial.beacon,
  commit: header.commit,
})

function differenceOf(expected: Block, found: Block): string {
  for (const name of Object.keys(expected) as (keyof Block)[]) {
    const [right, wrong] = [String(expected[name]), String(found[name])]
    if (right !== wrong) return `expected ${name} ${right}, found ${wrong}`
  }
  return 'the block has another id'
}
