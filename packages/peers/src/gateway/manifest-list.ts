import type { Envelope } from '@infermesh/protocol'

/** The manifests a peer has heard of, at most `limit`. The first signer of a name keeps it; its later statement replaces its earlier. */
export class ManifestList {
  readonly #limit: number
  readonly #byModel = new Map<string, Envelope<'manifest'>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(model: string): Envelope<'manifest'> | undefined {
    return this.#byModel.get(model)
  }

  /** In the order in which the models were heard of. */
  all(): readonly Envelope<'manifest'>[] {
    return [...this.#byModel.values()]
  }

  add(manifest: Envelope<'manifest'>): void {
    const { model } = manifest.payload
    const known = this.#byModel.get(model)
    if (known === undefined && this.#byModel.size >= this.#limit) return
    if (known !== undefined && (known.signer !== manifest.signer || known.at > manifest.at)) return
    this.#byModel.set(model, manifest)
  }
}
