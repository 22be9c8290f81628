import type { PeerId } from '@infermesh/kernel'
import type { Host } from '@infermesh/libp2p'
import type { MeshState } from './host.ts'

/** Reports a host's connections and mesh whenever they changed, once for all changes of a turn of the event loop. */
export class MeshReporter {
  readonly #report: (state: MeshState) => void
  readonly #topics = new Set<string>()
  readonly #wanted = new Set<PeerId>()
  #host: Pick<Host, 'connections' | 'meshPeers'> | undefined
  #last = ''
  #soon: NodeJS.Immediate | undefined
  #again: NodeJS.Timeout | undefined

  constructor(report: (state: MeshState) => void) {
    this.#report = report
  }

  watch(host: Pick<Host, 'connections' | 'meshPeers'>): void {
    this.#host = host
    this.onChange()
  }

  onSubscribe(topic: string): void {
    this.#topics.add(topic)
    this.onChange()
  }

  want(peer: PeerId): void {
    this.#wanted.add(peer)
  }

  onChange(): void {
    this.#soon ??= setImmediate(() => this.#look())
  }

  stop(): void {
    this.#host = undefined
    clearImmediate(this.#soon)
    clearTimeout(this.#again)
  }

  #look(): void {
    this.#soon = undefined
    const host = this.#host
    if (!host) return
    const connections = host.connections().toSorted()
    const topics = Object.fromEntries([...this.#topics].map((topic) => [topic, host.meshPeers(topic).length]))
    const state = { connections, topics }
    const text = JSON.stringify(state)
    if (text !== this.#last) this.#report(state)
    this.#last = text
    this.#lookAgain(new Set(connections))
  }

  /** The host tells neither of a lost connection nor of one it made anew. */
  #lookAgain(connections: ReadonlySet<PeerId>): void {
    clearTimeout(this.#again)
    const complete = [...this.#wanted].every((peer) => connections.has(peer))
    this.#again = setTimeout(() => this.onChange(), complete ? calmMs : missingMs).unref()
  }
}

const missingMs = 100
const calmMs = 1_000
