import type { Millis, PeerId } from '@infermesh/kernel'
import type { Capacity, Directory, Envelope } from '@infermesh/protocol'
import { detectorDefaults, FailureDetector } from './failure-detector.ts'

/** `silent`: late enough to get no new work. `lost`: late enough to be replaced, or its connection broke. */
export type Presence = 'alive' | 'silent' | 'lost' | 'unheard'

type Standing = Capacity['models'][number]

/** What one peer knows of others from their heartbeats: that they live, and what they say they serve. */
export class PeerWatch {
  readonly detector: FailureDetector
  readonly #stop: number
  readonly #said = new Map<PeerId, readonly Standing[]>()
  readonly #dropped = new Set<PeerId>()

  constructor({ genesis: { parameters } }: Directory) {
    this.#stop = parameters.suspicion.stop
    this.detector = new FailureDetector(detectorDefaults(parameters.heartbeatEvery, parameters.suspicion.suspect))
  }

  hear({ signer, payload }: Envelope<'capacity'>, now: Millis): void {
    this.detector.heartbeat(signer, now)
    this.#said.set(signer, payload.models)
    this.#dropped.delete(signer)
  }

  /** A broken connection counts until the next heartbeat, which may come another way. */
  drop(peer: PeerId): void {
    if (this.detector.heard(peer)) this.#dropped.add(peer)
  }

  presence(peer: PeerId, now: Millis): Presence {
    if (!this.detector.heard(peer)) return 'unheard'
    if (this.#dropped.has(peer) || this.detector.lost(peer, now)) return 'lost'
    return this.detector.phi(peer, now) >= this.#stop ? 'silent' : 'alive'
  }

  /** When the peer counts as lost if it stays silent; `undefined` when it was never heard. */
  lostAt(peer: PeerId): Millis | undefined {
    return this.detector.lostAt(peer)
  }

  /** What the peer last said of this model. */
  standing(peer: PeerId, model: string): Standing | undefined {
    return this.#said.get(peer)?.find((entry) => entry.model === model)
  }
}
