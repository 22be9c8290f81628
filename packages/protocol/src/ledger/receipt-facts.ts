import { assert, type PeerId } from '@infermesh/kernel'
import { requestIdOf } from '../derive.ts'
import { type Envelope, openAs, type SealingContext } from '../envelope.ts'
import type { Directory } from '../network.ts'
import type { Dispatch, Receipt, Request } from '../statements/index.ts'
import { DecodeFailed } from '../wire/decode-failed.ts'

/** What a receipt says by itself, before any ledger is asked. */
export type ReceiptFacts =
  | { readonly sound: true; readonly client: PeerId; readonly request: Request }
  | { readonly sound: false; readonly reason: string }

const KEPT = 4096

/** Opens a receipt's nested envelopes once: proposals, checks and replays ask again and again. Facts depend on the bytes alone. */
export class FactsCache {
  readonly #directory: Directory
  readonly #context: SealingContext
  readonly #known = new Map<string, ReceiptFacts>()

  constructor(directory: Directory, context: SealingContext) {
    this.#directory = directory
    this.#context = context
  }

  of(receipt: Envelope<'receipt'>): ReceiptFacts {
    const known = this.#known.get(receipt.id)
    if (known !== undefined) return known
    const facts = this.#shared(receipt)
    this.#known.set(receipt.id, facts)
    if (this.#known.size > KEPT) this.#known.delete(oldestOf(this.#known))
    return facts
  }

  /** All ledgers of one world have one directory, and come to the same facts. */
  #shared(receipt: Envelope<'receipt'>): ReceiptFacts {
    const { crypto, networkId } = this.#context
    const examined = () => examine(receipt, this.#directory, this.#context)
    return crypto.once === undefined ? examined() : crypto.once(`receipt facts ${networkId}`, receipt.bytes, examined)
  }
}

function oldestOf(known: ReadonlyMap<string, unknown>): string {
  const { value } = known.keys().next()
  assert(value !== undefined, 'a full cache has an oldest key')
  return value
}

function examine(receipt: Envelope<'receipt'>, directory: Directory, context: SealingContext): ReceiptFacts {
  try {
    const request = openAs('request', receipt.payload.request, context)
    const dispatch = openAs('dispatch', receipt.payload.dispatch, context)
    // A gateway asks, and pays, for sealed requests of clients that it does not know.
    if (!directory.has(request.signer, 'client') && !directory.has(request.signer, 'gateway')) return unsound('request-not-by-a-client')
    if (!directory.has(dispatch.signer, 'gateway')) return unsound('dispatch-not-by-a-gateway')
    if (requestIdOf(context.crypto.hash, request.signer, request.payload) !== receipt.payload.requestId) return unsound('other-request')
    const difference = differenceOf(receipt, request.payload, dispatch.payload)
    return difference === undefined ? { sound: true, client: request.signer, request: request.payload } : unsound(difference)
  } catch (failure) {
    if (failure instanceof DecodeFailed) return unsound('nested-envelope-does-not-open')
    throw failure
  }
}

const unsound = (reason: string): ReceiptFacts => ({ sound: false, reason })

/** Where the receipt departs from what the client asked or the gateway sent. */
function differenceOf({ signer, payload }: Envelope<'receipt'>, request: Request, dispatch: Dispatch): string | undefined {
  if (dispatch.requestId !== payload.requestId || dispatch.operator !== signer) return 'dispatched-to-another'
  if (dispatch.attempt !== payload.attempt || dispatch.epoch !== payload.epoch) return 'other-dispatch'
  if (dispatch.model !== payload.model || request.model !== payload.model) return 'other-model'
  if (request.bodyHash !== payload.bodyHash || request.seed !== payload.seed) return 'other-input'
  if (request.promptTokens !== payload.promptTokens) return 'other-prompt-length'
  return rangeFault(payload, request, dispatch)
}

function rangeFault(receipt: Receipt, request: Request, dispatch: Dispatch): string | undefined {
  if (receipt.from >= receipt.to) return 'empty-range'
  return receipt.from < dispatch.from || receipt.to > request.maxTokens ? 'range-not-asked-for' : undefined
}
