import type { PeerId } from '@infermesh/kernel'
import { assert } from '@infermesh/kernel'
import type { PeerProcess } from './peer-process.ts'
import type { PeerSpec, PeerStatus } from './testnet-options.ts'

/** A peer and the process it lives in. */
export interface Member {
  readonly spec: PeerSpec
  readonly process: PeerProcess
  peerId: PeerId | undefined
  addresses: readonly string[]
}

/** The peers of a testnet, by name and by process. */
export class Members {
  readonly #byName = new Map<string, Member>()
  readonly #byProcess = new Map<string, Member[]>()
  readonly #boots = new Map<string, number>()

  add(spec: PeerSpec, process: PeerProcess): void {
    if (this.#byName.has(spec.name)) throw new Error(`expected peer names to be unique, got ${spec.name} twice`)
    const member: Member = { spec, process, peerId: undefined, addresses: [] }
    this.#byName.set(spec.name, member)
    this.#byProcess.set(process.name, [...this.of(process.name), member])
  }

  get(name: string): Member {
    const member = this.#byName.get(name)
    if (!member) throw new Error(`expected the name of a peer, got ${name}; there are ${[...this.#byName.keys()].slice(0, 20).join(', ')}`)
    return member
  }

  all(): readonly Member[] {
    return [...this.#byName.values()]
  }

  /** Those that share a process. */
  of(process: string): readonly Member[] {
    return this.#byProcess.get(process) ?? []
  }

  process(name: string): PeerProcess | undefined {
    return this.of(name)[0]?.process
  }

  processes(): readonly PeerProcess[] {
    return [...this.#byProcess.values()].flatMap((members) => members.slice(0, 1).map((member) => member.process))
  }

  /** 0 at a process's first boot, one more each time. */
  nextGeneration(process: string): number {
    const generation = this.#boots.get(process) ?? 0
    this.#boots.set(process, generation + 1)
    return generation
  }

  restarts(process: string): number {
    return Math.max(0, (this.#boots.get(process) ?? 0) - 1)
  }

  /** Who must dial whom now that these peers are up: they their own targets, and others them. */
  dialsAfter(up: readonly Member[]): ReadonlyMap<Member, readonly PeerId[]> {
    const names = new Set(up.map((member) => member.spec.name))
    const dials = new Map<Member, PeerId[]>()
    for (const member of this.#byName.values()) {
      if (member.peerId === undefined) continue
      const targets = names.has(member.spec.name) ? member.spec.dial : member.spec.dial.filter((name) => names.has(name))
      const ids = targets.map((name) => this.get(name).peerId).filter((id) => id !== undefined)
      if (ids.length > 0) dials.set(member, ids)
    }
    return dials
  }

  status(member: Member): PeerStatus {
    const { spec, process, peerId, addresses } = member
    assert(this.#byName.get(spec.name) === member, `${spec.name} belongs to this testnet`)
    return {
      name: spec.name,
      role: spec.role,
      state: process.state(),
      process: process.name,
      pid: process.pid(),
      peerId,
      addresses,
      restarts: this.restarts(process.name),
      log: process.log,
    }
  }
}
