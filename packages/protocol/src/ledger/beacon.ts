import { type Cryptography, type Millis, type PeerId, type PeerIdentity, seconds } from '@infermesh/kernel'
import { asciiBytes, concatBytes } from '../derive.ts'
import { type Envelope, openAs } from '../envelope.ts'
import type { Directory } from '../network.ts'
import { DecodeFailed } from '../wire/decode-failed.ts'
import { fromHex, toHex } from '../wire/schema.ts'
import type { Rules } from './rules.ts'
import type { Draft, Reader } from './store.ts'

type Hash = Cryptography['hash']

export const ZERO_DIGEST = '0'.repeat(64)

/** How far a validator lets a block's time run ahead of its own clock. */
export const CLOCK_TOLERANCE: Millis = seconds(5)

/** Votes that make a decision: more than two thirds of the settlers. */
export const quorumOf = (settlers: number, waived?: Rules['waived']): number =>
  waived?.has('two-thirds-decide') === true ? Math.floor(settlers / 2) : Math.floor((2 * settlers) / 3) + 1

/** Heights that one hash chain serves. The next chain's anchor is again the settler's first word in it. */
const CHAIN_LENGTH = 1024

const placeIn = (height: number): { chain: number; step: number } => ({
  chain: Math.floor(height / CHAIN_LENGTH),
  step: height % CHAIN_LENGTH,
})

/** A settler's reveals: hash-chain values, last one first, from its private key. A value shows nothing of the next. */
export class RevealChain {
  readonly #hash: Hash
  readonly #identity: PeerIdentity
  #held: { readonly chain: number; readonly values: readonly string[] } = { chain: -1, values: [] }

  constructor(hash: Hash, identity: PeerIdentity) {
    this.#hash = hash
    this.#identity = identity
  }

  at(height: number): string {
    const { chain, step } = placeIn(height)
    if (this.#held.chain !== chain) this.#held = { chain, values: this.#link(chain) }
    return this.#held.values[step] ?? ZERO_DIGEST
  }

  #link(chain: number): readonly string[] {
    let value = this.#hash(concatBytes(asciiBytes(`infermesh beacon ${chain} `), this.#identity.privateKey))
    const values: string[] = []
    for (let step = CHAIN_LENGTH - 1; step >= 0; step--) {
      values[step] = toHex(value)
      value = this.#hash(value)
    }
    return values
  }
}

/** Does the value continue the settler's chain as the ledger knows it? */
export function revealFits(hash: Hash, reader: Reader, reveal: { settler: PeerId; height: number; value: string }): boolean {
  if (reveal.value === ZERO_DIGEST) return false
  const last = reader.get('reveal', reveal.settler)
  if (last === undefined || placeIn(last.height).chain !== placeIn(reveal.height).chain) return true
  if (reveal.height <= last.height) return false
  let value = fromHex(reveal.value)
  for (let height = reveal.height; height > last.height; height--) value = hash(value)
  return toHex(value) === last.value
}

export interface Decided {
  readonly height: number
  readonly blockId: string
}

/** Opens the precommits that made a block final. A reason instead, when they don't. */
export function openCommit(rules: Rules, commit: readonly Uint8Array[], decided: Decided): readonly Envelope<'vote'>[] | string {
  const { directory, sealing } = rules
  const settlers = directory.all('settler').map(({ peerId }) => peerId)
  try {
    const votes = commit.map((bytes) => openAs('vote', bytes, sealing))
    const places = votes.map(({ signer }) => settlers.indexOf(signer))
    if (places.some((place, index) => place <= (places[index - 1] ?? -1))) return 'precommits are not in genesis order of settlers'
    const quorum = quorumOf(settlers.length, rules.waived)
    if (votes.length < quorum) return `${votes.length} precommits, ${quorum} are needed`
    const rounds = new Set(votes.map(({ payload }) => payload.round))
    const fits = votes.every(({ payload }) => payload.kind === 'precommit' && isFor(payload, decided))
    return fits && rounds.size === 1 ? votes : 'a precommit is for another block or round'
  } catch (failure) {
    if (failure instanceof DecodeFailed) return `a precommit does not open: ${failure.message}`
    throw failure
  }
}

const isFor = (vote: Decided, decided: Decided): boolean => vote.height === decided.height && vote.blockId === decided.blockId

/** Takes the reveals of a commit into the ledger and mixes the next beacon from them. A reason instead, when one does not fit. */
export function mixBeacon(draft: Draft, rules: Rules, votes: readonly Envelope<'vote'>[]): { beacon: string } | { fault: string } {
  const parts = [asciiBytes('infermesh beacon'), asciiBytes(rules.sealing.networkId)]
  for (const { signer, payload } of votes) {
    const reveal = { settler: signer, height: payload.height, value: payload.reveal }
    if (!revealFits(rules.hash, draft, reveal))
      return { fault: `the reveal of ${rules.directory.nameOf(signer)} does not continue its chain` }
    draft.set('reveal', signer, { height: payload.height, value: payload.reveal })
    parts.push(fromHex(payload.reveal))
  }
  return { beacon: toHex(rules.hash(concatBytes(...parts))) }
}

export const settlersOf = (directory: Directory): readonly PeerId[] => directory.all('settler').map(({ peerId }) => peerId)
