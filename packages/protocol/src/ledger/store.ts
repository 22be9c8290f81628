import type { RecordKind, Records } from './records.ts'

/** Reading side of the ledger's records. */
export interface Reader {
  get<K extends RecordKind>(kind: K, key: string): Records[K] | undefined
}

export interface Change<K extends RecordKind = RecordKind> {
  readonly kind: K
  readonly key: string
  readonly before: Records[K] | undefined
  readonly after: Records[K] | undefined
}

type Tables = { readonly [K in RecordKind]: Map<string, Records[K]> }

const emptyTables = (): Tables => ({
  balance: new Map(),
  stake: new Map(),
  burnt: new Map(),
  ejected: new Map(),
  entry: new Map(),
  model: new Map(),
  lease: new Map(),
  revoked: new Map(),
  receipt: new Map(),
  request: new Map(),
  sequence: new Map(),
  audit: new Map(),
  audits: new Map(),
  drawing: new Map(),
  queue: new Map(),
  maturing: new Map(),
  payable: new Map(),
  reveal: new Map(),
  payout: new Map(),
  fault: new Map(),
})

/** The records after the last final block. They change only by all changes of a draft at once. */
export class Store implements Reader {
  readonly #tables = emptyTables()

  get<K extends RecordKind>(kind: K, key: string): Records[K] | undefined {
    return this.#tables[kind].get(key)
  }

  commit(changes: readonly Change[]): void {
    for (const change of changes) this.#apply(change)
  }

  /** Every record, sorted: for tests and audits that compare whole states. */
  everything(): readonly (readonly [RecordKind, string, unknown])[] {
    const kinds = Object.keys(this.#tables) as RecordKind[]
    return kinds.flatMap((kind) => [...this.#tables[kind]].map(([key, value]) => [kind, key, value] as const)).sort(byKindAndKey)
  }

  #apply<K extends RecordKind>({ kind, key, after }: Change<K>): void {
    const table = this.#tables[kind]
    if (after === undefined) table.delete(key)
    else table.set(key, after)
  }
}

/** Changes on top of a store that is left alone: a block is tried on a draft before anybody votes for it. */
export class Draft implements Reader {
  readonly #base: Reader
  readonly #changes = new Map<RecordKind, Map<string, Change>>()

  constructor(base: Reader, changes: readonly Change[] = []) {
    this.#base = base
    for (const change of changes) this.#ofKind(change.kind).set(change.key, change)
  }

  get<K extends RecordKind>(kind: K, key: string): Records[K] | undefined {
    const change = this.#changes.get(kind)?.get(key)
    // The outer map's key is the kind, so the change is of this kind.
    return change === undefined ? this.#base.get(kind, key) : (change.after as Records[K] | undefined)
  }

  set<K extends RecordKind>(kind: K, key: string, after: Records[K] | undefined): void {
    this.#ofKind(kind).set(key, { kind, key, before: this.#base.get(kind, key), after })
  }

  /** Sorted by kind and key, so that they have one order whatever the order of writing was. */
  changes(): readonly Change[] {
    const changes: Change[] = []
    for (const kind of [...this.#changes.keys()].sort()) {
      const ofKind = this.#changes.get(kind) ?? new Map<string, Change>()
      for (const key of [...ofKind.keys()].sort()) {
        const change = ofKind.get(key)
        if (change !== undefined) changes.push(change)
      }
    }
    return changes
  }

  #ofKind(kind: RecordKind): Map<string, Change> {
    const changes = this.#changes.get(kind) ?? new Map<string, Change>()
    this.#changes.set(kind, changes)
    return changes
  }
}

function byKindAndKey(left: readonly [string, string, unknown], right: readonly [string, string, unknown]): number {
  if (left[0] !== right[0]) return left[0] < right[0] ? -1 : 1
  return left[1] < right[1] ? -1 : 1
}
