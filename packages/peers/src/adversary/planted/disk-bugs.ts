import type { PeerEffect } from '@infermesh/protocol'
import { isPublishOf, isSaveUnder, type PlantedBug, rewritten } from './bug.ts'
import { forgetfulOperator } from './operator-parts.ts'

/** What should be on disk when the next effect starts goes there after all the others. */
const savesLast = (effects: readonly PeerEffect[]): readonly PeerEffect[] => [
  ...effects.filter((effect) => effect.type !== 'save'),
  ...effects.filter((effect) => effect.type === 'save'),
]

const without =
  (prefix: string) =>
  (effects: readonly PeerEffect[]): readonly PeerEffect[] =>
    effects.filter((effect) => !isSaveUnder(effect, prefix))

export const diskBugs: readonly PlantedBug[] = [
  {
    name: 'receipt-not-saved',
    about: 'an operator signs receipts without keeping them: after a crash it counts from old numbers again',
    roles: ['operator'],
    breaks: ['I8'],
    besides: ['L2'],
    build: forgetfulOperator,
  },
  {
    name: 'receipt-published-before-saved',
    about: 'an operator publishes a receipt before it is on disk: a crash in between forks its chain',
    roles: ['operator'],
    breaks: ['I8'],
    build: ({ make }) => rewritten(make(), { effects: savesLast }),
  },
  {
    name: 'vote-before-saved',
    about: 'a settler votes before its vote is on disk: after a crash it may vote for another block',
    roles: ['settler'],
    breaks: ['I8', 'I9'],
    besides: ['L2'],
    build: ({ make }) => rewritten(make(), { effects: savesLast }),
  },
  {
    name: 'vote-not-saved',
    about: 'a settler keeps the log and forgets its votes: after a crash it votes a second time',
    roles: ['settler'],
    breaks: ['I8', 'I9'],
    besides: ['L2'],
    build: ({ make }) => rewritten(make(), { effects: without('consensus') }),
  },
  {
    name: 'promise-not-saved',
    about: 'a grantor forgets its promises with a crash, and gives an epoch away twice',
    roles: ['grantor'],
    breaks: ['I6', 'I14'],
    build: ({ make }) => rewritten(make(), { effects: without('grantor/promise/') }),
  },
  {
    name: 'leaf-lost-after-crash',
    about: 'an operator does not say again, after a restart, what nobody may have heard',
    roles: ['operator'],
    breaks: ['L2'],
    build: ({ make }) => {
      let isRestarted = false
      return rewritten(make(), {
        effects: (effects, input) => {
          if (input.type === 'started') isRestarted = input.saved.size > 0
          if (!isRestarted) return effects
          const isOld = (effect: PeerEffect): boolean =>
            (input.type === 'started' && isPublishOf(effect, 'receipt')) ||
            (effect.type === 'request' && effect.message.type === 'SubmitEntry')
          return effects.filter((effect) => !isOld(effect))
        },
      })
    },
  },
]
