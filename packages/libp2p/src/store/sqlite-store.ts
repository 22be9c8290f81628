import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Store, StoreFailed } from './store.ts'

export interface SqliteStoreInit {
  readonly file: string
  /** The peer's name, for errors. */
  readonly peer: string
  /** The disk is full beyond it. */
  readonly bytesMax?: number
}

/** One SQLite file for each peer. Each change is one synced commit: it survives the end of the process at any point. */
export class SqliteStore implements Store {
  readonly #init: SqliteStoreInit
  readonly #database: DatabaseSync
  readonly #save: StatementSync
  readonly #forget: StatementSync

  /** Throws `StoreFailed` when the file is in use, unreadable or not a store. */
  constructor(init: SqliteStoreInit) {
    this.#init = init
    this.#database = this.#attempt('open', () => new DatabaseSync(init.file))
    try {
      this.#attempt('open', () => prepare(this.#database, init))
      this.#save = this.#attempt('open', () => this.#database.prepare('INSERT OR REPLACE INTO saved (key, value) VALUES (?, ?)'))
      this.#forget = this.#attempt('open', () => this.#database.prepare('DELETE FROM saved WHERE key = ?'))
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  load(): Map<string, Uint8Array> {
    const rows = this.#attempt('read', () => this.#database.prepare('SELECT key, value FROM saved ORDER BY key').all())
    const saved = new Map<string, Uint8Array>()
    for (const { key, value } of rows) if (typeof key === 'string' && value instanceof Uint8Array) saved.set(key, value)
    return saved
  }

  save(key: string, value: Uint8Array): void {
    this.#attempt('write', () => this.#save.run(key, value))
  }

  forget(key: string): void {
    this.#attempt('write', () => this.#forget.run(key))
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #attempt<T>(action: 'open' | 'read' | 'write', run: () => T): T {
    try {
      return run()
    } catch (cause) {
      const { file, peer } = this.#init
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new StoreFailed(`cannot ${action} the store of ${peer}, ${file}: ${reason}. What was saved before is still there.`, { cause })
    }
  }
}

function prepare(database: DatabaseSync, init: SqliteStoreInit): void {
  // Exclusive: a second process on one peer's store would be two peers with one identity.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE IF NOT EXISTS saved (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT')
  if (init.bytesMax !== undefined) database.exec(`PRAGMA max_page_count = ${Math.ceil(init.bytesMax / PAGE_BYTES)}`)
}

const PAGE_BYTES = 4096
