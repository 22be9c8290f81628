import { assertNever } from '@infermesh/kernel'
import type { Envelope } from '../envelope.ts'
import type { StatementType } from '../statements/index.ts'
import { admitEvidence } from './evidence.ts'
import { admitLease } from './leases.ts'
import { admitDelegation, admitManifest, admitRevocation } from './models.ts'
import { admitReceipt } from './receipts.ts'
import { type Admission, type LedgerEvent, refused, type Trial } from './rules.ts'
import type { Reader } from './store.ts'
import { admitTokenOrder, admitTokenPayout, payoutKey } from './tokens.ts'
import { admitCommit, admitReveal } from './verdicts.ts'

/** The statements that the log holds, in the order in which a proposer takes them. */
export const LOGGED_KINDS = [
  'manifest',
  'delegation',
  'evidence',
  'verdictCommit',
  'verdictReveal',
  'receipt',
  'lease',
  'revocation',
  'tokenOrder',
  'tokenPayout',
] as const satisfies readonly StatementType[]

export type LoggedKind = (typeof LOGGED_KINDS)[number]
export type LoggedEntry = Envelope<LoggedKind>

export const isLogged = (envelope: Envelope): envelope is LoggedEntry => (LOGGED_KINDS as readonly string[]).includes(envelope.type)

/** Tries one entry as number `index` of the log. */
export function admitEntry(trial: Trial, entry: Envelope, index: number): Admission {
  if (!isLogged(entry)) return refused('not-for-the-log')
  if (trial.draft.get('entry', entry.id) !== undefined) return refused('logged-already')
  const admission = admit(trial, entry)
  if (admission.outcome !== 'logged') return admission
  trial.draft.set('entry', entry.id, index)
  trial.events.push(loggedEvent(trial, entry, index))
  return admission
}

/**
 * Can this entry not be logged any more? A cheap first look, for what peers say again and again (renewed leases, announced
 * manifests, late verdicts); `false` promises nothing.
 */
export function isOutdated({ store }: { readonly store: Reader }, entry: LoggedEntry): boolean {
  if (store.get('entry', entry.id) !== undefined) return true
  switch (entry.type) {
    case 'manifest':
      return store.get('model', entry.payload.model) !== undefined
    case 'lease':
      return entry.payload.epoch <= (store.get('lease', entry.payload.model)?.epoch ?? 0)
    case 'verdictCommit':
    case 'verdictReveal': {
      const state = store.get('receipt', entry.payload.receipt)?.state
      return state === 'payable' || state === 'settled' || state === 'void'
    }
    case 'tokenPayout':
      return store.get('payout', payoutKey(entry.signer, entry.payload.number)) !== undefined
    case 'delegation':
    case 'evidence':
    case 'receipt':
    case 'revocation':
    case 'tokenOrder':
      return false
    default:
      return assertNever(entry)
  }
}

function admit(trial: Trial, entry: LoggedEntry): Admission {
  switch (entry.type) {
    case 'manifest':
      return admitManifest(trial, entry)
    case 'delegation':
      return admitDelegation(trial, entry)
    case 'evidence':
      return admitEvidence(trial, entry)
    case 'verdictCommit':
      return admitCommit(trial, entry)
    case 'verdictReveal':
      return admitReveal(trial, entry)
    case 'receipt':
      return admitReceipt(trial, entry)
    case 'lease':
      return admitLease(trial, entry)
    case 'revocation':
      return admitRevocation(trial, entry)
    case 'tokenOrder':
      return admitTokenOrder(trial, entry)
    case 'tokenPayout':
      return admitTokenPayout(trial, entry)
    default:
      return assertNever(entry)
  }
}

function loggedEvent({ draft, height }: Trial, entry: LoggedEntry, index: number): LedgerEvent {
  const event = { type: 'entryLogged', entry: entry.id, kind: entry.type, index, height } as const
  if (entry.type === 'revocation') return { ...event, model: entry.payload.model, delegation: entry.payload.delegation }
  if (entry.type !== 'receipt' && entry.type !== 'lease') return event
  const { model, epoch } = entry.payload
  const delegation = entry.type === 'lease' ? draft.get('lease', model)?.delegation : undefined
  return { ...event, model, epoch, ...(delegation === undefined || delegation === '' ? {} : { delegation }) }
}
