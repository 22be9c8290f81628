import type { Amount, PeerId } from '@infermesh/kernel'
import type { Parameters } from './parameters.ts'

export type Role = 'gateway' | 'relay' | 'operator' | 'hub' | 'verifier' | 'settler' | 'grantor' | 'issuer' | 'client'

export interface Member {
  /** The peer's name in the scenario: `owner-0`. */
  readonly name: string
  readonly peerId: PeerId
  readonly role: Role
  /** Coins the peer has when the network starts. Operators' stake is taken from it. */
  readonly balance: Amount
}

/** What every peer knows from the start: who may take which role, with how much, under which rules. */
export interface Genesis {
  readonly networkId: string
  readonly members: readonly Member[]
  readonly parameters: Parameters
  /** Public half of the simulated attestation root, 32 bytes hex. */
  readonly attestationRoot: string
}

/** Look-ups over a genesis, built once for each peer. */
export class Directory {
  readonly genesis: Genesis
  readonly #byPeer = new Map<PeerId, Member>()
  readonly #byName = new Map<string, Member>()
  readonly #byRole = new Map<Role, readonly Member[]>()

  constructor(genesis: Genesis) {
    this.genesis = genesis
    for (const member of genesis.members) {
      this.#byPeer.set(member.peerId, member)
      this.#byName.set(member.name, member)
    }
  }

  member(peerId: PeerId): Member | undefined {
    return this.#byPeer.get(peerId)
  }

  named(name: string): Member | undefined {
    return this.#byName.get(name)
  }

  nameOf(peerId: PeerId): string {
    return this.#byPeer.get(peerId)?.name ?? peerId
  }

  has(peerId: PeerId, role: Role): boolean {
    return this.#byPeer.get(peerId)?.role === role
  }

  /** In genesis order, which is the same at every peer. */
  all(role: Role): readonly Member[] {
    const known = this.#byRole.get(role) ?? this.genesis.members.filter((member) => member.role === role)
    this.#byRole.set(role, known)
    return known
  }
}
