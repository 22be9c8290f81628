import { type Amount, assert, type PeerId } from '@infermesh/kernel'
import { answerHashOf, type Envelope, type MessageOf, type PeerServices, type Request } from '@infermesh/protocol'
import { isToken } from '@infermesh/serving'
import { openNested } from './opened-request.ts'
import { receiptFault } from './receipt-check.ts'

/** What an answer is checked against. */
export interface Asked {
  readonly requestId: string
  readonly envelope: { readonly payload: Request }
  readonly prompt: Uint8Array
}

/** Through whom tokens come, and who is said to make them. */
export interface Source {
  readonly gateway: PeerId
  readonly operator: PeerId | undefined
}

/** Tokens [from, to) that are kept no longer, and who is to blame for them. */
export interface Refused {
  readonly by: PeerId
  readonly from: number
  readonly to: number
  readonly reason: string
}

export type TokensTaken =
  | { readonly state: 'known' }
  | { readonly state: 'fresh'; readonly from: number; readonly tokens: readonly number[]; readonly refused: Refused | undefined }
  | { readonly state: 'fault'; readonly reason: string }

export type ReceiptTaken =
  | { readonly state: 'known' }
  | { readonly state: 'listed'; readonly receipt: Envelope<'receipt'> }
  | { readonly state: 'fault'; readonly reason: string }

/**
 * The tokens of one answer, each once, and the receipts that vouch for them. A receipt binds its own tokens and all before them, so what
 * the last one covers stays; what comes after it can still turn out wrong.
 */
export class Answer {
  readonly #asked: Asked
  readonly #services: PeerServices
  readonly #tokens: number[] = []
  readonly #receipts = new Map<string, Envelope<'receipt'>>()
  /** Who brought the tokens from an index on, in order; the last one is at work. */
  #sources: { readonly from: number; readonly source: Source }[] = []
  #operator: PeerId | undefined
  #vouched = 0

  constructor(asked: Asked, services: PeerServices) {
    this.#asked = asked
    this.#services = services
  }

  count(): number {
    return this.#tokens.length
  }

  /** Whether receipts vouch for every token. */
  isVouched(): boolean {
    return this.#vouched === this.#tokens.length
  }

  vouched(): number {
    return this.#vouched
  }

  tokens(): readonly number[] {
    return this.#tokens
  }

  outputHash(): string {
    return answerHashOf(this.#services.crypto.hash, this.#asked.prompt, this.#tokens)
  }

  /** In token order. */
  receipts(): readonly Envelope<'receipt'>[] {
    return [...this.#receipts.values()].sort((left, right) => left.payload.from - right.payload.from)
  }

  charged(): Amount {
    return this.receipts().reduce((sum, { payload }) => sum + payload.amount, 0)
  }

  /** The operator that made the last tokens, or is making the next. */
  operator(): PeerId | undefined {
    return this.#operator
  }

  /** What comes next comes from there. */
  comesFrom(source: Source): void {
    this.#operator = source.operator ?? this.#operator
    this.#sources = [...this.#sources.filter(({ from }) => from < this.#tokens.length), { from: this.#tokens.length, source }]
  }

  /** A source may repeat what is known. It may contradict what others brought and no receipt vouches for, but not itself. */
  takeTokens({ from, tokens }: MessageOf<'Tokens'>): TokensTaken {
    const known = this.#tokens.length
    if (from > known) return fault(`expected tokens from ${known} on, found ${from}`)
    if (from + tokens.length > this.#asked.envelope.payload.maxTokens) return fault('more tokens than asked for')
    if (!tokens.every(isToken)) return fault('a token that is not in the vocabulary')
    const differing = tokens.findIndex((token, index) => from + index < known && token !== this.#tokens[from + index])
    const at = differing < 0 ? known : from + differing
    if (at < known && at < this.#vouched) return fault(`token ${at} is not the one that a receipt vouches for`)
    if (at < known && at >= (this.#sources.at(-1)?.from ?? 0)) return fault(`tokens from ${from} differ from those that came before`)
    const refused = at < known ? this.#disown(at) : undefined
    const fresh = tokens.slice(at - from)
    if (fresh.length === 0) return { state: 'known' }
    this.#tokens.push(...fresh)
    return { state: 'fresh', from: at, tokens: fresh, refused }
  }

  takeReceipt({ receipt }: MessageOf<'Receipted'>, manifest: Envelope<'manifest'> | undefined): ReceiptTaken {
    const opened = openNested('receipt', receipt, this.#services)
    if (!opened.ok) return fault(opened.refusal.detail)
    const { id, payload, signer } = opened.value
    if (this.#receipts.has(id)) return { state: 'known' }
    const { requestId, envelope, prompt } = this.#asked
    const expected = { requestId, request: envelope.payload, prompt, tokens: this.#tokens, manifest: manifest?.payload }
    const misfit = receiptFault(opened.value, expected, this.#services)
    if (misfit !== undefined) {
      // Whoever signed a receipt for this request has worked on it, whatever the gateway says.
      if (payload.requestId === requestId && this.#services.directory.has(signer, 'operator')) this.#madeBy(signer)
      return fault(`${misfit} (receipt of ${this.#services.directory.nameOf(signer)})`)
    }
    if (this.#overlaps(payload)) {
      // Another attempt made the same stretch again. Only one of the two can be paid; both vouch for it.
      this.#vouched = Math.max(this.#vouched, payload.to)
      return { state: 'known' }
    }
    if (this.charged() + payload.amount > envelope.payload.maxCharge) return fault('it charges more than was signed')
    this.#vouched = Math.max(this.#vouched, payload.to)
    this.#receipts.set(id, opened.value)
    return { state: 'listed', receipt: opened.value }
  }

  /** Drops what no receipt vouches for: the gateway that brought it can't be trusted. */
  distrust(by: PeerId, reason: string): Refused {
    return this.#cut(this.#vouched, by, reason)
  }

  /** Drops all, receipts too: what they vouch for is not what others make. */
  restart(by: PeerId, reason: string): Refused {
    this.#receipts.clear()
    this.#vouched = 0
    return this.#cut(0, by, reason)
  }

  #overlaps({ from, to }: { readonly from: number; readonly to: number }): boolean {
    return this.receipts().some(({ payload }) => payload.from < to && from < payload.to)
  }

  #madeBy(operator: PeerId): void {
    const last = this.#sources.pop()
    assert(last !== undefined, 'a receipt came from nowhere')
    this.#sources.push({ from: last.from, source: { ...last.source, operator } })
    this.#operator = operator
  }

  /** Two sources contradict each other from a token on. The earlier one is refused: the later one's tokens still have to show their receipt. */
  #disown(at: number): Refused {
    const [now, before] = [this.#sources.at(-1), this.#sources.findLast(({ from }) => from <= at)]
    assert(now !== undefined && before !== undefined, 'tokens came from nowhere')
    const isSameGateway = now.source.gateway === before.source.gateway
    const by = (isSameGateway ? before.source.operator : undefined) ?? before.source.gateway
    const other = this.#services.directory.nameOf(now.source.operator ?? now.source.gateway)
    return this.#cut(at, by, `token ${at} is not the one that ${other} makes`)
  }

  #cut(at: number, by: PeerId, reason: string): Refused {
    const refused = { by, from: at, to: this.#tokens.length, reason }
    this.#tokens.length = at
    const last = this.#sources.at(-1)
    this.#sources = this.#sources.filter(({ from }) => from < at)
    if (last !== undefined) this.#sources.push({ from: at, source: last.source })
    return refused
  }
}

const fault = (reason: string): { readonly state: 'fault'; readonly reason: string } => ({ state: 'fault', reason })
