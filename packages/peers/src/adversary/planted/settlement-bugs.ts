import { type Millis, publish } from '@infermesh/kernel'
import { commitmentOf, type Envelope, type PeerEffect, type PeerInput, Signer } from '@infermesh/protocol'
import { Restated } from '../restated.ts'
import { type PlantedBug, rewritten } from './bug.ts'

/** What settlers, operators and verifiers owe to settlement. */
export const settlementBugs: readonly PlantedBug[] = [
  {
    name: 'votes-said-once',
    about: 'a settler never repeats a vote that gossip lost',
    roles: ['settler'],
    breaks: ['L2'],
    build: ({ make }) =>
      rewritten(make(), { effects: (effects) => effects.filter((effect) => effect.type !== 'setTimer' || effect.key !== 'again') }),
  },
  {
    name: 'receipt-said-once',
    about: 'an operator does not bring a receipt to a settler that gossip lost',
    roles: ['operator'],
    breaks: ['L2'],
    build: ({ make }) =>
      rewritten(make(), {
        effects: (effects) => effects.filter((effect) => effect.type !== 'request' || effect.message.type !== 'SubmitEntry'),
      }),
  },
  {
    name: 'rounds-mixed-up',
    about: 'a settler takes votes of two rounds for a contradiction, and the ledger believes what it is told',
    roles: ['settler'],
    waives: ['evidence-is-judged'],
    breaks: ['I7', 'I8'],
    build: ({ make, services }) => {
      const signer = new Signer(services.identity, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
      const first = new Map<string, Envelope<'vote'>>()
      const report = (input: PeerInput, now: Millis): readonly PeerEffect[] => {
        if (input.type !== 'gossip' || input.envelope.type !== 'vote') return []
        const { kind, height, round, blockId } = input.envelope.payload
        const key = `${input.envelope.signer}/${kind}/${height}`
        const before = first.get(key) ?? input.envelope
        first.set(key, before)
        if (before.payload.round === round || before.payload.blockId === blockId) return []
        const statements = [before.bytes, input.envelope.bytes]
        return [publish('evidence', signer.sign('evidence', { kind: 'equivocation', accused: before.signer, statements, height }, now))]
      }
      return rewritten(make(), { effects: (effects, input, now) => [...effects, ...report(input, now)] })
    },
  },
  {
    name: 'silence-is-guilt',
    about: 'a verifier takes an operator that does not show its work for a liar',
    roles: ['verifier'],
    breaks: ['I8'],
    build: ({ make, services }) => {
      const { hash } = services.crypto
      const verifier = services.identity.peerId
      const guilty = new Set<string>()
      const opening = (receipt: string) => ({ verdict: 'mismatch' as const, evidenceDigest: receipt, salt: receipt.slice(0, 32) })
      const commits = new Restated(services, 'verdictCommit', (payload) =>
        guilty.has(payload.receipt) ? { ...payload, commitment: commitmentOf(hash, verifier, opening(payload.receipt)) } : undefined,
      )
      const reveals = new Restated(services, 'verdictReveal', (payload) =>
        guilty.has(payload.receipt) ? { ...payload, ...opening(payload.receipt) } : undefined,
      )
      return rewritten(make(), {
        effects: (effects) => {
          for (const effect of effects) if (effect.type === 'emit' && isUnavailable(effect.event)) guilty.add(effect.event.receipt)
          return effects.map((effect) => {
            if (effect.type !== 'publish') return effect
            if (effect.envelope.type === 'verdictCommit')
              return { ...effect, envelope: commits.of(effect.envelope)?.envelope ?? effect.envelope }
            if (effect.envelope.type === 'verdictReveal')
              return { ...effect, envelope: reveals.of(effect.envelope)?.envelope ?? effect.envelope }
            return effect
          })
        },
      })
    },
  },
]

const isUnavailable = (event: { readonly type: string }): event is { readonly type: 'verdictGiven'; readonly receipt: string } =>
  event.type === 'verdictGiven' && 'verdict' in event && event.verdict === 'unavailable'
