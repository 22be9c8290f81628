import { type Amount, assert, type PeerId } from '@infermesh/kernel'
import type { Genesis } from '../network.ts'
import { ONE, type ReceiptRecord } from './records.ts'
import type { Change, Draft } from './store.ts'

/** An operator's stake is taken from its balance: as much as one slash costs, or all it has. */
export function openAccounts(draft: Draft, genesis: Genesis): void {
  for (const { peerId, role, balance } of genesis.members) {
    const stake = role === 'operator' ? Math.min(balance, genesis.parameters.settlement.slash) : 0
    draft.set('balance', peerId, balance - stake)
    if (role === 'operator') draft.set('stake', peerId, stake)
  }
  draft.set('burnt', ONE, 0)
}

export const balanceOf = (draft: Pick<Draft, 'get'>, peer: PeerId): Amount => draft.get('balance', peer) ?? 0

/** Adds to a balance, or takes from it. What stands on the other side is the caller's next write; `conserved` checks the sum. */
export function credit(draft: Draft, peer: PeerId, amount: Amount): void {
  const balance = balanceOf(draft, peer) + amount
  assert(balance >= 0, `the balance of ${peer} would be ${balance}: whoever takes must look first`)
  draft.set('balance', peer, balance)
}

export const inEscrow = ({ state }: ReceiptRecord): boolean => state === 'held' || state === 'audited' || state === 'payable'

/** Takes up to `amount` of an operator's stake, shares it out, burns the rest. Gives what was taken. */
export function slash(draft: Draft, accused: PeerId, terms: SlashTerms): Amount {
  const stake = draft.get('stake', accused) ?? 0
  const taken = Math.min(stake, terms.amount)
  const share = terms.reporters.length === 0 ? 0 : Math.floor((taken * terms.reporterPerMille) / 1000 / terms.reporters.length)
  for (const reporter of terms.reporters) credit(draft, reporter, share)
  draft.set('burnt', ONE, (draft.get('burnt', ONE) ?? 0) + taken - share * terms.reporters.length)
  if (draft.get('stake', accused) !== undefined) {
    draft.set('stake', accused, stake - taken)
    if (stake === taken) draft.set('ejected', accused, terms.now)
  }
  return taken
}

export interface SlashTerms {
  readonly amount: Amount
  readonly reporterPerMille: number
  readonly reporters: readonly PeerId[]
  readonly now: number
}

/** What a block did to the money, counted from the records themselves and not from the transfers that were meant. */
export interface Flow {
  readonly total: Amount
  readonly escrow: Amount
}

export function flowOf(changes: readonly Change[]): Flow {
  let escrow = 0
  let total = 0
  for (const change of changes) {
    const moved = moneyIn(change.kind, change.after) - moneyIn(change.kind, change.before)
    total += moved
    if (change.kind === 'receipt') escrow += moved
  }
  return { total, escrow }
}

function moneyIn(kind: Change['kind'], value: Change['after']): Amount {
  if (value === undefined) return 0
  if (kind === 'balance' || kind === 'stake' || kind === 'burnt') return value as Amount
  if (kind !== 'receipt') return 0
  const receipt = value as ReceiptRecord
  return inEscrow(receipt) ? receipt.amount : 0
}
