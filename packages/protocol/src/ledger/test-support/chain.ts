import { commitmentOf } from '../../derive.ts'
import type { Envelope } from '../../envelope.ts'
import type { AuditStage, Block, Verdict } from '../../statements/index.ts'
import { RevealChain } from '../beacon.ts'
import { apply, check, commit, propose } from '../fold.ts'
import { createLedger, type Ledger } from '../ledger.ts'
import type { LedgerEvent } from '../rules.ts'
import { Cast, type CastOptions } from './actors.ts'

/** A chain without a network: every block is proposed, checked by a second ledger, signed by all settlers and made final. */
export class Chain {
  readonly cast: Cast
  readonly ledger: Ledger
  readonly blocks: { readonly block: Block; readonly entries: readonly Envelope[] }[] = []
  readonly events: LedgerEvent[] = []
  readonly #witness: Ledger
  #commit: readonly Uint8Array[] = []

  constructor(options: CastOptions = {}) {
    this.cast = new Cast(options)
    this.ledger = createLedger(this.cast.directory, this.cast.sealing)
    this.#witness = createLedger(this.cast.directory, this.cast.sealing)
  }

  /** Gives what the block did and which candidates were refused, with the reasons. */
  advance(candidates: readonly Envelope[] = [], time = this.ledger.head.time + 1000): Advance {
    const proposer = this.cast.id('settler-0')
    const { step, refused } = propose(this.ledger, candidates, { time, proposer, commit: this.#commit })
    const entries = step.block.entries.map((id) => found(candidates, id))
    const checked = check(this.#witness, step.block, entries)
    if (!checked.ok) throw new Error(checked.reason)
    commit(this.#witness, checked.step)
    const events = commit(this.ledger, step)
    this.#commit = this.#sign(step.block.height, step.blockId)
    this.blocks.push({ block: step.block, entries })
    this.events.push(...events)
    return { block: step.block, events, refused: refused.map(({ reason }) => reason) }
  }

  /** Blocks without entries until the time has come. */
  pass(millis: number): readonly LedgerEvent[] {
    const end = this.ledger.head.time + millis
    const from = this.events.length
    while (this.ledger.head.time < end) this.advance([], Math.min(end, this.ledger.head.time + 1000))
    return this.events.slice(from)
  }

  /** All seats of the open audit commit and reveal what `opinion` gives them. */
  judge(receipt: string, opinion: (verifier: string) => Verdict): readonly LedgerEvent[] {
    const audit = this.ledger.store.get('audit', receipt)
    if (audit === undefined) throw new Error(`no audit of ${receipt} is open`)
    const from = this.events.length
    const turn = { receipt, stage: audit.stage, draw: audit.draw }
    const spoken = audit.seats.map((seat) => this.verdict(this.cast.directory.nameOf(seat), turn, opinion(seat)))
    this.advance(spoken.map(({ commit }) => commit))
    this.advance(spoken.map(({ reveal }) => reveal))
    return this.events.slice(from)
  }

  verdict(verifier: string, turn: { receipt: string; stage: AuditStage; draw: number }, verdict: Verdict): Spoken {
    const opening = { verdict, evidenceDigest: 'ab'.repeat(32), salt: 'cd'.repeat(16) }
    const signer = this.cast.by(verifier)
    const commitment = commitmentOf(this.cast.sealing.crypto.hash, this.cast.id(verifier), opening)
    return {
      commit: signer.sign('verdictCommit', { ...turn, commitment }, 0),
      reveal: signer.sign('verdictReveal', { ...turn, ...opening }, 0),
    }
  }

  replayed(): Ledger {
    const ledger = createLedger(this.cast.directory, this.cast.sealing)
    for (const { block, entries } of this.blocks) apply(ledger, block, entries)
    return ledger
  }

  #sign(height: number, blockId: string): readonly Uint8Array[] {
    return this.cast.directory.all('settler').map(({ name }) => {
      const chain = this.#chainOf(name)
      return this.cast.by(name).sign('vote', { kind: 'precommit', height, round: 0, blockId, reveal: chain.at(height) }, 0).bytes
    })
  }

  #chainOf(name: string): RevealChain {
    const identity = this.cast.identities.get(name)
    if (identity === undefined) throw new Error(`nobody is called ${name}`)
    const chain = revealChains.get(identity.peerId) ?? new RevealChain(this.cast.sealing.crypto.hash, identity)
    revealChains.set(identity.peerId, chain)
    return chain
  }
}

// A thousand hashes each, and the same for equal keys: one for all tests.
const revealChains = new Map<string, RevealChain>()

export interface Advance {
  readonly block: Block
  readonly events: readonly LedgerEvent[]
  readonly refused: readonly string[]
}

export interface Spoken {
  readonly commit: Envelope<'verdictCommit'>
  readonly reveal: Envelope<'verdictReveal'>
}

function found(candidates: readonly Envelope[], id: string): Envelope {
  const entry = candidates.find((candidate) => candidate.id === id)
  if (entry === undefined) throw new Error(`${id} was not a candidate`)
  return entry
}
