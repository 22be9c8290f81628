import type { AnyEnvelope, AnyMessage, Millis } from '@infermesh/kernel'
import type { Peer } from './peer.ts'
import type { SavedValues } from './saved-values.ts'

/**
 * What is wrong with a peer's disk. `full`: the next save fails, and a peer that cannot keep its word stops (it crashes).
 * `slow`: each save takes this long, and nothing else happens in the meantime. `torn`: the next save is cut short by a crash.
 * `lossy`: saves seem durable, but a crash loses all since the last `syncDisk`. The last one breaks a world's promise on purpose.
 */
export type DiskFault =
  | { readonly type: 'full' }
  | { readonly type: 'slow'; readonly by: Millis }
  | { readonly type: 'torn' }
  | { readonly type: 'lossy'; synced: ReadonlyMap<string, Uint8Array> }

export type DiskFaultSpec = Exclude<DiskFault, { type: 'lossy' }> | { readonly type: 'lossy' }

/** How a write went: done, done after a time in ms, or the peer crashed for the reason. */
export type WriteOutcome =
  | { readonly type: 'written' }
  | { readonly type: 'slow'; readonly by: Millis }
  | { readonly type: 'crash'; readonly reason: string }

const WRITTEN: WriteOutcome = { type: 'written' }

/** What a peer saves under a key; without a value, what was there is removed. */
export interface Save {
  readonly key: string
  readonly value?: Uint8Array
}

/** Does what a save asks for. The store keeps a copy out of `values`. */
export function write<M extends AnyMessage, E extends AnyEnvelope>(
  peer: Peer<M, E>,
  { key, value }: Save,
  values: SavedValues,
): WriteOutcome {
  const fault = peer.disk
  if (fault?.type === 'full' && value !== undefined) return { type: 'crash', reason: 'the disk is full' }
  peer.store ??= new Map()
  if (value === undefined) {
    peer.store.delete(key)
  } else {
    const saved = values.keep(key, fault?.type === 'torn' ? value.subarray(0, value.length >>> 1) : value)
    peer.store.set(saved.key, saved.value)
  }
  if (fault?.type === 'torn' && value !== undefined) {
    peer.disk = undefined
    return { type: 'crash', reason: 'the disk tore a write' }
  }
  return fault?.type === 'slow' ? { type: 'slow', by: fault.by } : WRITTEN
}

export function setDisk<M extends AnyMessage, E extends AnyEnvelope>(peer: Peer<M, E>, fault: DiskFaultSpec | undefined): void {
  peer.disk = fault?.type === 'lossy' ? { type: 'lossy', synced: new Map(peer.store) } : fault
}

/** From now on a lossy disk keeps what it holds. */
export function syncDisk<M extends AnyMessage, E extends AnyEnvelope>(peer: Peer<M, E>): void {
  if (peer.disk?.type === 'lossy') peer.disk.synced = new Map(peer.store)
}

/** What a crash does to the disk. */
export function loseUnsynced<M extends AnyMessage, E extends AnyEnvelope>(peer: Peer<M, E>): void {
  if (peer.disk?.type === 'lossy') peer.store = new Map(peer.disk.synced)
}
