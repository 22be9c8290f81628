import { emit } from '@infermesh/kernel'
import { commitmentOf, type SettlerEvent } from '@infermesh/protocol'
import { Restated } from '../restated.ts'
import { type PlantedBug, rewritten } from './bug.ts'

type LeafSettled = Extract<SettlerEvent, { readonly type: 'leafSettled' }>

export const ledgerBugs: readonly PlantedBug[] = [
  {
    name: 'settled-again',
    about: 'a settler does not know after a pause whether its last batch went through, and settles it again under another id',
    roles: ['settler'],
    breaks: ['I1'],
    build: ({ make }) => {
      const last: LeafSettled[] = []
      let at = 0
      return rewritten(make(), {
        effects: (effects, _input, now) => {
          const wasAway = now - at > 1_500
          at = now
          const again = wasAway ? last.map((leaf) => emit({ ...leaf, batchId: `again ${leaf.batchId}` })) : []
          for (const effect of effects) {
            // Only a settler's machine is wrapped, and it emits its own events.
            if (effect.type === 'emit' && effect.event.type === 'leafSettled') last.splice(0, last.length, effect.event as LeafSettled)
          }
          return [...effects, ...again]
        },
      })
    },
  },
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
