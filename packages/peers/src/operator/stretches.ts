import type { Millis } from '@infermesh/kernel'
import { answerHashOf, chargeOf, type PeerEffect, type PeerServices, toHex } from '@infermesh/protocol'
import { type Execution, type Progress, tell, toldMade } from './execution.ts'
import type { ReceiptBook, ReceiptDraft } from './receipt-book.ts'

type Running = Extract<Progress, { readonly state: 'running' }>

/** Signs receipts for what an execution has made since the last one. */
export class Stretches {
  readonly #book: ReceiptBook
  readonly #services: PeerServices

  constructor(book: ReceiptBook, services: PeerServices) {
    this.#book = book
    this.#services = services
  }

  /** Receipts for each whole stretch; with `ended`, for the rest too. The gateway is told after they are durable and public. */
  receipt(execution: Execution, running: Running, now: Millis, ended: boolean): PeerEffect[] {
    const { receiptTokens } = this.#services.directory.genesis.parameters.serving
    const made = execution.tokens.length
    const effects: PeerEffect[] = []
    while (made > running.stretch.from && (ended || made - running.stretch.from >= receiptTokens)) {
      const to = Math.min(made, running.stretch.from + receiptTokens)
      const work = { request: execution.opened.envelope.payload, prompt: execution.opened.prompt, tokens: execution.tokens.slice(0, to) }
      const issued = this.#book.issue(this.#draft(execution, running, { to, now }), work, now)
      effects.push(
        ...toldMade(execution, execution.untold.tell(now)),
        ...issued.effects,
        ...tell(execution, { type: 'Receipted', receipt: issued.receipt.bytes }, false),
      )
      running.stretch = { from: to, startedAt: now }
    }
    return effects
  }

  #draft(execution: Execution, running: Running, end: { readonly to: number; readonly now: Millis }): ReceiptDraft {
    const { hash } = this.#services.crypto
    const { opened, dispatch, tokens } = execution
    const { manifest, weightsRoot, attestation } = running.model
    const { bodyHash, promptTokens, seed, trace } = opened.envelope.payload
    const { from, startedAt } = running.stretch
    return {
      ...{ requestId: opened.requestId, attempt: dispatch.payload.attempt, from, to: end.to },
      ...{ model: manifest.model, weightsRoot: toHex(weightsRoot), engineBuild: manifest.engineBuild },
      ...{ epoch: dispatch.payload.epoch, attestation, bodyHash },
      prefixHash: answerHashOf(hash, opened.prompt, tokens.slice(0, from)),
      outputHash: answerHashOf(hash, opened.prompt, tokens.slice(from, end.to)),
      ...{ promptTokens, seed, startedAt, endedAt: end.now },
      amount: chargeOf(manifest, { promptTokens, from, to: end.to }),
      ...{ request: opened.envelope.bytes, dispatch: dispatch.bytes, trace },
    }
  }
}
