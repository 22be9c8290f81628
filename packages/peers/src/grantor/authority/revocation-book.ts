import type { PeerId } from '@infermesh/kernel'
import type { Envelope } from '@infermesh/protocol'

/**
 * Which delegations their signers took back. Only the signer's own word counts, so nobody can revoke another's. A signer that
 * revokes more than the limit has all its delegations revoked: it fails closed, and only itself.
 */
export class RevocationBook {
  readonly #limit: number
  readonly #bySigner = new Map<PeerId, Set<string>>()

  constructor(limit = 4096) {
    this.#limit = limit
  }

  /** False when it was known. */
  add(revocation: Pick<Envelope<'revocation'>, 'signer' | 'payload'>): boolean {
    const revoked = this.#bySigner.get(revocation.signer) ?? new Set()
    this.#bySigner.set(revocation.signer, revoked)
    if (revoked.has(revocation.payload.delegation) || revoked.size >= this.#limit) return false
    revoked.add(revocation.payload.delegation)
    return true
  }

  revoked(delegation: Envelope<'delegation'>): boolean {
    const revoked = this.#bySigner.get(delegation.signer)
    return revoked !== undefined && (revoked.has(delegation.id) || revoked.size >= this.#limit)
  }
}
