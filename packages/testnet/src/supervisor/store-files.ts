import { rmSync } from 'node:fs'

/** Removes a peer's store, with what SQLite keeps beside it. The peer must be down. */
export function wipeStore(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
}
