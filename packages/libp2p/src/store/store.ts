/** What a peer remembers across restarts. Each call returns only when its change would survive the death of the process. */
export interface Store {
  load(): Map<string, Uint8Array>
  /** Throws `StoreFailed` when the value could not be made durable; values saved before stay. */
  save(key: string, value: Uint8Array): void
  forget(key: string): void
  close(): void
}

/** The disk, not the peer, is at fault: full, gone, read-only or damaged. It stops the peer. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed'
}
