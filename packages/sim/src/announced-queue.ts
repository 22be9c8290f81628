import { EventQueue } from './event-queue.ts'

/** Tells when each event is due, for whoever drives a world from another clock. */
export class AnnouncedQueue extends EventQueue {
  readonly #announce: (at: number) => void

  constructor(announce: (at: number) => void) {
    super()
    this.#announce = announce
  }

  // biome-ignore lint/complexity/useMaxParams: as the queue that it stands in for
  override push(at: number, kind: number, peer: number, a: number, b: number): void {
    super.push(at, kind, peer, a, b)
    this.#announce(at)
  }
}
