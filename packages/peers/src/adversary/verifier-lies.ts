import { type Millis, publish } from '@infermesh/kernel'
import { commitmentOf, type Envelope, evidenceDigestOf, type PeerEffect, type PeerInput, type Verdict } from '@infermesh/protocol'
import type { Trick, TrickParts } from './lie.ts'
import { Restated } from './restated.ts'

type Turn = Pick<Envelope<'verdictCommit'>['payload'], 'receipt' | 'stage' | 'draw'>

const turnOf = ({ receipt, stage, draw }: Turn): string => `${receipt}/${stage}/${draw}`

/**
 * Says another verdict than the machine found, in commitment and reveal alike. `choose` is asked once for each turn; undefined
 * leaves the honest one.
 */
function misjudging(parts: TrickParts, choose: (turn: Turn) => Verdict | undefined): Pick<Trick, 'act'> {
  const { services, told } = parts
  const { hash } = services.crypto
  const verifier = services.identity.peerId
  const chosen = new Map<string, Verdict | undefined>()
  const verdictOf = (turn: Turn): Verdict | undefined => {
    const key = turnOf(turn)
    if (!chosen.has(key)) chosen.set(key, choose(turn))
    return chosen.get(key)
  }
  // No work was done, so there is no evidence; the salt only has to be the same both times.
  const openingOf = (turn: Turn, verdict: Verdict) => ({
    verdict,
    evidenceDigest: evidenceDigestOf(hash, verifier, []),
    salt: commitmentOf(hash, verifier, { verdict, evidenceDigest: turn.receipt, salt: '00'.repeat(16) }).slice(0, 32),
  })
  const commits = new Restated(services, 'verdictCommit', (payload) => {
    const verdict = verdictOf(payload)
    return verdict && { ...payload, commitment: commitmentOf(hash, verifier, openingOf(payload, verdict)) }
  })
  const reveals = new Restated(services, 'verdictReveal', (payload) => {
    const verdict = verdictOf(payload)
    return verdict && { ...payload, ...openingOf(payload, verdict) }
  })
  const changed = (effect: PeerEffect): readonly PeerEffect[] => {
    if (effect.type !== 'publish') return [effect]
    if (effect.envelope.type === 'verdictReveal') return [publish('verdicts', reveals.of(effect.envelope)?.envelope ?? effect.envelope)]
    if (effect.envelope.type !== 'verdictCommit') return [effect]
    const lie = commits.of(effect.envelope)
    if (lie === undefined) return [effect]
    return lie.isNew ? [publish('verdicts', lie.envelope), told('a verdict')] : [publish('verdicts', lie.envelope)]
  }
  return { act: (effects) => effects.flatMap(changed) }
}

export const lazyVerdicts = (parts: TrickParts): Trick => misjudging(parts, () => (parts.chance() ? 'match' : undefined))

/** Who signed which receipt, from gossip. */
function signersHeard(): { readonly hear: (input: PeerInput) => void; readonly of: (receipt: string) => string | undefined } {
  const signers = new Map<string, string>()
  return {
    hear: (input) => {
      if (input.type === 'gossip' && input.envelope.type === 'receipt') signers.set(input.envelope.id, input.envelope.signer)
    },
    of: (receipt) => signers.get(receipt),
  }
}

export function collusion(parts: TrickParts): Trick {
  const signers = signersHeard()
  const { victims } = parts.lie
  const { act } = misjudging(parts, ({ receipt }) => {
    const signer = signers.of(receipt)
    return signer !== undefined && victims.includes(signer) && parts.chance() ? 'match' : undefined
  })
  return { act, hear: signers.hear, topics: ['receipts'] }
}

export function accusation(parts: TrickParts): Trick {
  const signers = signersHeard()
  const { victims } = parts.lie
  const isMeant = (receipt: string): boolean => victims.length === 0 || victims.includes(signers.of(receipt) ?? '')
  const { act } = misjudging(parts, ({ receipt }) => (isMeant(receipt) && parts.chance() ? 'mismatch' : undefined))
  return { act, hear: signers.hear, topics: ['receipts'] }
}

/** Holds its commitment back until somebody reveals, or half the time is over; then says the same, or what is mostly right. */
export function copying(parts: TrickParts): Trick {
  const { services, sleep } = parts
  const patience = services.directory.genesis.parameters.audit.commitWithin / 2
  const overheard = new Map<string, Verdict>()
  const held = new Map<string, { readonly effect: PeerEffect; readonly since: Millis }>()
  const verdicts = misjudging(parts, ({ receipt }) => overheard.get(receipt) ?? 'match')
  const isReady = (receipt: string, since: Millis, now: Millis): boolean => overheard.has(receipt) || now - since >= patience
  const hold = (effect: PeerEffect, now: Millis): readonly PeerEffect[] => {
    if (effect.type !== 'publish' || effect.envelope.type !== 'verdictCommit') return [effect]
    const { receipt } = effect.envelope.payload
    const entry = held.get(turnOf(effect.envelope.payload)) ?? { effect, since: now }
    held.set(turnOf(effect.envelope.payload), entry)
    return isReady(receipt, entry.since, now) ? [effect] : [sleep(patience)]
  }
  return {
    topics: ['verdicts'],
    hear: (input) => {
      if (input.type !== 'gossip' || input.envelope.type !== 'verdictReveal') return
      const { receipt, verdict } = input.envelope.payload
      overheard.set(receipt, verdict)
    },
    act: (effects, now) =>
      verdicts.act(
        effects.flatMap((effect) => hold(effect, now)),
        now,
      ),
    wake: (now) => {
      const ready = [...held].filter(([key, { since }]) => isReady(key.split('/')[0] ?? '', since, now))
      for (const [key] of ready) held.delete(key)
      const said = verdicts.act(
        ready.map(([, { effect }]) => effect),
        now,
      )
      return held.size === 0 ? said : [...said, sleep(patience)]
    },
  }
}

/** Drops what it should say. */
export function silence({ chance, told }: TrickParts, types: readonly string[]): Trick {
  const decided = new Map<string, boolean>()
  const isSilenced = (envelope: Envelope): boolean => {
    const known = decided.get(envelope.id) ?? chance()
    decided.set(envelope.id, known)
    return known
  }
  return {
    act: (effects) =>
      effects.flatMap((effect) =>
        effect.type === 'publish' && types.includes(effect.envelope.type) && isSilenced(effect.envelope)
          ? [told(`a ${effect.envelope.type}`)]
          : [effect],
      ),
  }
}
