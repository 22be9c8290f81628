import type { Cryptography, Millis, PeerId } from '@infermesh/kernel'
import type { SealingContext } from '../envelope.ts'
import type { Directory } from '../network.ts'
import type { Parameters } from '../parameters.ts'
import type { FactsCache } from './receipt-facts.ts'
import type { Draft } from './store.ts'

/** Rules that a planted bug can leave out, so that a check must find what follows. No network is built without one. */
export type LedgerRule =
  | 'epochs-fence'
  | 'tokens-are-billed-once'
  | 'numbers-are-used-once'
  | 'price-is-the-manifests'
  | 'revocations-count'
  | 'void-is-refunded'
  | 'leaves-are-settled-once'
  | 'pay-is-exact'
  | 'two-thirds-decide'
  | 'evidence-is-judged'

/** What every part of the fold looks up: who is who, under which rules, with which hash. */
export interface Rules {
  readonly directory: Directory
  readonly parameters: Parameters
  readonly hash: Cryptography['hash']
  readonly sealing: SealingContext
  readonly facts: FactsCache
  /** Empty but in tests. */
  readonly waived: ReadonlySet<LedgerRule>
  /** May a block be worked out once for all ledgers of one process? */
  readonly sharesSteps: boolean
}

/** One block as it is being tried. Parts of the fold write to the draft and say what happened. */
export interface Trial {
  readonly rules: Rules
  readonly draft: Draft
  readonly height: number
  readonly time: Millis
  readonly beacon: string
  /** Round in which the previous block was decided: 0 unless agreement took long. */
  readonly round: number
  readonly events: LedgerEvent[]
}

/**
 * What becomes of a candidate entry. `logged`: it is in, with effect (a receipt may be in and void). `deferred`: it may be right
 * once something else is logged. `refused`: it never will be; a block that holds it is invalid.
 */
export type Admission = { readonly outcome: 'logged' } | { readonly outcome: 'deferred' | 'refused'; readonly reason: string }

export const logged: Admission = { outcome: 'logged' }
export const deferred = (reason: string): Admission => ({ outcome: 'deferred', reason })
export const refused = (reason: string): Admission => ({ outcome: 'refused', reason })

/** What a final block did. Peers are named by id, instants are block times. */
export type LedgerEvent =
  | {
      readonly type: 'entryLogged'
      readonly entry: string
      readonly kind: string
      readonly index: number
      readonly height: number
      readonly model?: string
      readonly epoch?: number
      readonly delegation?: string
    }
  | {
      readonly type: 'leafSettled'
      readonly requestId: string
      readonly from: number
      readonly to: number
      readonly receipt: string
      readonly payer: PeerId
      readonly payee: PeerId
      readonly amount: number
      readonly batchId: string
      readonly height: number
    }
  | { readonly type: 'receiptVoid'; readonly receipt: string; readonly reason: string; readonly height: number }
  | {
      readonly type: 'slashed'
      readonly accused: PeerId
      readonly amount: number
      /** The receipt at fault, or the second of two contradicting statements. */
      readonly receipt: string
      readonly height: number
      /** Log entries that prove it, in the order in which an evidence statement holds them. */
      readonly proof: readonly string[]
    }
  /** A look at a receipt began, or its seats were drawn anew. */
  | {
      readonly type: 'auditOpened'
      readonly receipt: string
      readonly stage: 'first' | 'committee' | 'appeal'
      readonly draw: number
      readonly seats: readonly PeerId[]
      readonly height: number
    }
  /** `unchecked`: nobody with a seat came to an end with it. */
  | {
      readonly type: 'auditClosed'
      readonly receipt: string
      readonly result: 'match' | 'mismatch' | 'unavailable' | 'unchecked'
      readonly height: number
    }
