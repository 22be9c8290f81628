import { type Amount, assert, emit, forget, type Millis, publish, request, save, setTimer } from '@infermesh/kernel'
import {
  decodeCbor,
  type Envelope,
  encodeCbor,
  fromHex,
  openAs,
  type PeerEffect,
  type PeerServices,
  type Receipt,
  type Request,
  type Signer,
  toHex,
} from '@infermesh/protocol'
import { contextOf } from '../client/opened-request.ts'
import { decodeRecord, encodeRecord, isRecordKey, type ReceiptRecord, recordKey } from './receipt-record.ts'
import type { OwnWork } from './resumption.ts'

/** A receipt before the book gives it its place in the operator's chain. */
export type ReceiptDraft = Omit<Receipt, 'operatorSeq' | 'previous' | 'payee'>

/** What the stretch answered, kept beside the receipt for verifiers. */
export interface Work {
  readonly request: Request
  readonly prompt: Uint8Array
  /** All answer tokens up to the end of the stretch. */
  readonly tokens: readonly number[]
}

interface Unlogged {
  readonly record: ReceiptRecord
  dueAt: Millis
  wait: Millis
}

/**
 * The operator's chain of receipts. Each is on disk, with its work, before anyone sees it, and is brought to one settler after
 * another until a block holds it: neither a crash nor a lost message can lose a receipt, or make two with one number.
 */
export class ReceiptBook {
  readonly #kept: number
  readonly #services: PeerServices
  readonly #signer: Signer
  readonly #records = new Map<string, ReceiptRecord>()
  /** In the order of signing, which is that of the tokens. */
  readonly #byRequest = new Map<string, ReceiptRecord[]>()
  readonly #unlogged = new Map<string, Unlogged>()
  #next = 0
  #previous: Uint8Array = new Uint8Array()
  #loggedBelow = 0
  #submissions = 0

  constructor(kept: number, services: PeerServices, signer: Signer) {
    this.#kept = kept
    this.#services = services
    this.#signer = signer
  }

  /** Takes the chain up where the disk left it. What nobody may have seen is said again, in the trace too. */
  onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): PeerEffect[] {
    this.#loggedBelow = readMark(saved.get(MARK_KEY))
    const context = contextOf(this.#services)
    const effects: PeerEffect[] = []
    for (const [key, value] of [...saved].filter(([key]) => isRecordKey(key)).sort(([left], [right]) => (left < right ? -1 : 1))) {
      const record = decodeRecord(key, value, context)
      this.#take(record, now)
      if (!this.#unlogged.has(record.receipt.id)) continue
      const request = openAs('request', record.receipt.payload.request, context)
      effects.push(issued(record.receipt, request.payload.maxCharge), publish('receipts', record.receipt))
    }
    return [...effects, setTimer(AGAIN_KEY, AGAIN_EVERY)]
  }

  /** So much work waits to be logged that taking on more would only add to what may never be paid. */
  isFull(): boolean {
    return this.#unlogged.size >= UNLOGGED_MAX
  }

  /** Signs a stretch. The effects make it durable, then public; whoever is told directly is told after them. */
  issue(draft: ReceiptDraft, work: Work, now: Millis): { readonly receipt: Envelope<'receipt'>; readonly effects: readonly PeerEffect[] } {
    const payee = this.#services.identity.peerId
    const receipt = this.#signer.sign('receipt', { ...draft, payee, operatorSeq: this.#next, previous: this.#previous }, now)
    const record = { receipt, prompt: work.prompt, tokens: work.tokens }
    this.#take(record, now)
    const made = [save(recordKey(receipt.payload.operatorSeq), encodeRecord(record)), issued(receipt, work.request.maxCharge)]
    return { receipt, effects: [...made, publish('receipts', receipt), ...this.#forgetOldest()] }
  }

  find(receiptId: string): ReceiptRecord | undefined {
    return this.#records.get(receiptId)
  }

  /** What was signed for a request under an epoch, as far as it is kept. */
  workFor(requestId: string, epoch: number): OwnWork {
    const records = (this.#byRequest.get(requestId) ?? []).filter(({ receipt }) => receipt.payload.epoch === epoch)
    return { tokens: records.at(-1)?.tokens ?? [], receipts: records.map(({ receipt }) => receipt) }
  }

  onCheckpoint(entries: readonly string[]): PeerEffect[] {
    const before = this.#unlogged.size
    for (const entry of entries) this.#unlogged.delete(entry)
    if (this.#unlogged.size === before) return []
    const first = this.#unlogged.values().next().value
    this.#loggedBelow = first?.record.receipt.payload.operatorSeq ?? this.#next
    return [save(MARK_KEY, encodeCbor(this.#loggedBelow))]
  }

  onTimer(now: Millis): PeerEffect[] {
    const effects: PeerEffect[] = []
    for (const entry of this.#unlogged.values()) {
      if (effects.length >= AGAIN_MAX) break
      if (entry.dueAt > now) continue
      entry.wait = Math.min(entry.wait * 2, WAIT_MAX)
      entry.dueAt = now + entry.wait
      effects.push(...this.#submit(entry.record.receipt))
    }
    return [...effects, setTimer(AGAIN_KEY, AGAIN_EVERY)]
  }

  /** Gossip drops what it has carried before, so a receipt that it lost goes to a settler directly, and to another one each time. */
  #submit(receipt: Envelope<'receipt'>): PeerEffect[] {
    const settlers = this.#services.directory.all('settler')
    const turn = this.#submissions++
    const settler = settlers[turn % settlers.length]
    if (settler === undefined) return []
    const call = { callId: `${SUBMIT_PREFIX}${turn}`, to: settler.peerId, stream: 'fetch', timeout: AGAIN_EVERY } as const
    return [request({ ...call, message: { type: 'SubmitEntry', entry: receipt.bytes } } as const)]
  }

  #take(record: ReceiptRecord, now: Millis): void {
    const { receipt } = record
    this.#next = receipt.payload.operatorSeq + 1
    this.#previous = fromHex(receipt.id)
    this.#records.set(receipt.id, record)
    const ofRequest = this.#byRequest.get(receipt.payload.requestId)
    if (ofRequest === undefined) this.#byRequest.set(receipt.payload.requestId, [record])
    else ofRequest.push(record)
    // A network without settlers logs nothing: there is nothing to wait for.
    if (receipt.payload.operatorSeq < this.#loggedBelow || this.#services.directory.all('settler').length === 0) return
    this.#unlogged.set(receipt.id, { record, dueAt: now + AGAIN_EVERY, wait: AGAIN_EVERY })
  }

  /** A receipt that is not logged yet outlives the limit on kept ones: without it the work is never paid. */
  #forgetOldest(): PeerEffect[] {
    const oldest = this.#records.values().next().value
    if (oldest === undefined || this.#records.size <= this.#kept || this.#unlogged.has(oldest.receipt.id)) return []
    this.#records.delete(oldest.receipt.id)
    this.#forgetRequest(oldest)
    return [forget(recordKey(oldest.receipt.payload.operatorSeq))]
  }

  #forgetRequest(oldest: ReceiptRecord): void {
    const { requestId } = oldest.receipt.payload
    const rest = (this.#byRequest.get(requestId) ?? []).filter((record) => record !== oldest)
    if (rest.length === 0) this.#byRequest.delete(requestId)
    else this.#byRequest.set(requestId, rest)
  }
}

function issued(receipt: Envelope<'receipt'>, maxCharge: Amount): PeerEffect {
  const { requestId, attempt, from, to, model, epoch, operatorSeq, amount } = receipt.payload
  const envelope = toHex(receipt.bytes)
  return emit({
    type: 'receiptIssued',
    receipt: receipt.id,
    ...{ requestId, attempt, from, to, model, epoch, operatorSeq, amount, maxCharge, envelope },
  })
}

function readMark(value: Uint8Array | undefined): number {
  if (value === undefined) return 0
  const mark = decodeCbor(value)
  assert(typeof mark === 'number', `the disk is damaged: ${MARK_KEY} is not a number`)
  return mark
}

const MARK_KEY = 'receipts-logged'
/** Call ids of receipts that are brought to a settler. The answer does not matter: only the log does. */
export const SUBMIT_PREFIX = 'receipts/submit/'
/** Timer of the next look at unlogged receipts. */
export const AGAIN_KEY = 'receipts/again'
const AGAIN_EVERY: Millis = 5_000
const AGAIN_MAX = 32
const UNLOGGED_MAX = 16_384
const WAIT_MAX: Millis = 600_000
