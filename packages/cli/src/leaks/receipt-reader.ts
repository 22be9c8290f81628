import type { ReceiptSighting } from '@infermesh/analysis'
import { fromHex, type Genesis, openAs, type SealingContext } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'

/** Reads what a receipt says to everyone, with the two envelopes inside it. Names that many receipts share are kept once. */
export class ReceiptReader {
  readonly #context: SealingContext
  readonly #names = new Map<string, string>()

  constructor({ networkId }: Genesis) {
    // The settlers have checked the signatures, whichever cryptography the world has.
    this.#context = { networkId, crypto: { ...nodeCryptography, verify: () => true } }
  }

  /** `envelope`: a receipt in hex. */
  read(envelope: string): ReceiptSighting {
    const { payload, signer } = openAs('receipt', fromHex(envelope), this.#context)
    const { requestId, bodyHash, promptTokens, from, to, amount, startedAt, endedAt, outputHash, seed } = payload
    return {
      ...{ requestId, bodyHash, promptTokens, from, to, amount, startedAt, endedAt, outputHash, seed },
      outputTokens: to - from,
      model: this.#named(payload.model),
      weightsRoot: this.#named(payload.weightsRoot),
      operator: this.#named(signer),
      payer: this.#named(openAs('request', payload.request, this.#context).signer),
      gateway: this.#named(openAs('dispatch', payload.dispatch, this.#context).signer),
    }
  }

  #named(name: string): string {
    const known = this.#names.get(name)
    if (known === undefined) this.#names.set(name, name)
    return known ?? name
  }
}
