import type { PeerEffect } from '@infermesh/protocol'
import { referenceAnswer } from '../../operator/answer.ts'
import { Restated } from '../restated.ts'
import { type PlantedBug, rewritten } from './bug.ts'

const HEADER = '00-'

/** The front of a prompt, spelled as a trace id would be, in a field that travels by gossip. */
const asTrace = (prompt: Uint8Array): string => `${HEADER}${String.fromCharCode(...prompt.slice(0, 48))}`

export const answerBugs: readonly PlantedBug[] = [
  {
    name: 'resumed-stream-repeats-a-token',
    about: 'a standby goes on one token too early',
    roles: ['operator'],
    breaks: ['I13', 'I8'],
    build: ({ make }) =>
      make({
        answerer: (question) => {
          const answer = referenceAnswer(question)
          let shift: number | undefined
          return {
            tokens: (from, count) => {
              shift ??= from > 0 ? 1 : 0
              return answer.tokens(from - shift, count)
            },
          }
        },
      }),
  },
  {
    name: 'prefix-dropped',
    about: 'an operator that goes on with an answer forgets what was there before, and begins the text anew',
    roles: ['operator'],
    breaks: ['I13', 'I8'],
    build: ({ make }) =>
      make({
        answerer: (question) => {
          const answer = referenceAnswer(question)
          let begun: number | undefined
          return {
            tokens: (from, count) => {
              begun ??= from
              return answer.tokens(from - begun, count)
            },
          }
        },
      }),
  },
  {
    name: 'prompt-in-a-receipt',
    about: "a line for debugging was left in: a request's text travels as its trace id",
    roles: ['operator'],
    breaks: ['I11'],
    build: ({ make, services }) => {
      const prompts = new Map<string, Uint8Array>()
      const restated = new Restated(services, 'receipt', (receipt) => {
        const prompt = prompts.get(receipt.bodyHash)
        return prompt === undefined ? undefined : { ...receipt, trace: asTrace(prompt) }
      })
      const changed = (effect: PeerEffect): PeerEffect =>
        effect.type === 'publish' && effect.envelope.type === 'receipt'
          ? { ...effect, envelope: restated.of(effect.envelope)?.envelope ?? effect.envelope }
          : effect
      return rewritten(make(), {
        input: (input) => {
          if (input.type === 'request' && input.message.type === 'Execute') {
            const { prompt } = input.message
            prompts.set(hexOf(services.crypto.hash(prompt)), prompt)
          }
          return input
        },
        effects: (effects) => effects.map(changed),
      })
    },
  },
  {
    name: 'private-prompt-to-anyone',
    about: 'a gateway sends a second attempt to whichever operator it knows, also of a private model',
    roles: ['gateway'],
    breaks: ['I11'],
    build: ({ make, services }) => {
      const tried = new Set<string>()
      return rewritten(make(), {
        effects: (effects) =>
          effects.map((effect) => {
            if (effect.type !== 'request' || effect.message.type !== 'Execute') return effect
            const request = hexOf(services.crypto.hash(effect.message.request))
            if (!tried.has(request)) {
              tried.add(request)
              return effect
            }
            const operators = services.directory.all('operator').filter(({ peerId }) => peerId !== effect.to)
            const other = operators[services.random.below(Math.max(1, operators.length))]
            return other === undefined ? effect : { ...effect, to: other.peerId }
          }),
      })
    },
  },
  {
    name: 'deadline-forgotten',
    about: 'a client waits for a gateway that is gone, without an end',
    roles: ['client'],
    breaks: ['L1'],
    build: ({ make }) =>
      rewritten(make(), {
        input: (input) => (input.type === 'failed' ? undefined : input),
        effects: (effects) => effects.filter((effect) => effect.type !== 'setTimer' || !effect.key.startsWith('deadline/')),
      }),
  },
]

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
