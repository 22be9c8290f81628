import { commitmentOf } from '@infermesh/protocol'
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
