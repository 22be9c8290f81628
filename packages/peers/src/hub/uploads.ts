import type { PeerId } from '@infermesh/kernel'
import type { MessageOf } from '@infermesh/protocol'
import type { Refusal } from '../client/refusal.ts'

export interface UploadLimits {
  /** Largest blob, in bytes. */
  readonly blobBytesMax: number
  /** Blobs that may be half received at one time; the one that stood still for longest makes room. */
  readonly uploads: number
}

interface Upload {
  readonly bytes: Uint8Array
  received: number
}

export type PutOutcome =
  | { readonly state: 'received'; readonly received: number }
  | { readonly state: 'whole'; readonly bytes: Uint8Array }
  | { readonly state: 'refused'; readonly refusal: Refusal }

/** Blobs on their way in, in memory only: nothing is kept before its hash is known to be right. */
export class Uploads {
  readonly #limits: UploadLimits
  readonly #open = new Map<string, Upload>()

  constructor(limits: UploadLimits) {
    this.#limits = limits
  }

  put(from: PeerId, chunk: MessageOf<'PutChunk'>): PutOutcome {
    const { blobBytesMax } = this.#limits
    if (chunk.total > blobBytesMax) return bad(`expected a blob of at most ${blobBytesMax} bytes, found ${chunk.total}`)
    const key = `${from}/${chunk.blob}`
    const known = this.#open.get(key)
    const upload = known?.bytes.length === chunk.total && chunk.offset > 0 ? known : { bytes: new Uint8Array(chunk.total), received: 0 }
    // A chunk that is there already was answered before; the answer got lost.
    if (chunk.offset < upload.received) return { state: 'received', received: upload.received }
    if (chunk.offset > upload.received) return bad(`expected the chunk at ${upload.received}, found the one at ${chunk.offset}`)
    if (chunk.offset + chunk.data.length > chunk.total) return bad(`the chunk at ${chunk.offset} goes beyond the total of ${chunk.total}`)
    upload.bytes.set(chunk.data, chunk.offset)
    upload.received += chunk.data.length
    this.#open.delete(key)
    if (upload.received === chunk.total) return { state: 'whole', bytes: upload.bytes }
    this.#open.set(key, upload)
    if (this.#open.size > this.#limits.uploads) this.#open.delete(this.#open.keys().next().value as string)
    return { state: 'received', received: upload.received }
  }
}

const bad = (detail: string): PutOutcome => ({ state: 'refused', refusal: { code: 'bad-request', detail } })
