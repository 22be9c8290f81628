import { Directory, defaultParameters } from '@infermesh/protocol'
import { createLedger } from '@infermesh/protocol/ledger'
import { nodeCryptography } from '@infermesh/protocol/node'
import { expect, test } from 'vitest'
import { ChainFollower, type Followed } from './chain-follower.ts'

const sources = ['settler-a', 'settler-b', 'settler-c']

function createFollower(): ChainFollower {
  const directory = new Directory({ networkId: 'n', members: [], parameters: defaultParameters, attestationRoot: '' })
  const ledger = createLedger(directory, { networkId: 'n', crypto: nodeCryptography })
  return new ChainFollower({ sources, prefix: 'sync/' }, ledger, { lookup: () => undefined, first: 0 })
}

/** Whom the follower asks, and under which call. */
const questionIn = ({ effects }: Followed) => effects.flatMap((effect) => (effect.type === 'request' ? [effect] : []))[0]

test('who has nothing new is not asked again before the others', () => {
  const follower = createFollower()
  const asked: (string | undefined)[] = []

  for (let round = 0; round < 3; round++) {
    const question = questionIn(follower.poll())
    asked.push(question?.to)
    follower.onResponse(question?.callId ?? '', { type: 'Checkpoints', checkpoints: [], height: 0 })
  }

  expect(asked).toEqual(sources)
})

test('a height that nobody can show is not asked for without end', () => {
  const follower = createFollower()
  const question = questionIn(follower.heard(1_000, 'settler-b'))

  expect(question?.to).toBe('settler-b')
  expect(follower.onResponse(question?.callId ?? '', { type: 'Checkpoints', checkpoints: [], height: 0 }).effects).toEqual([])
})
