import type { Vote } from '@infermesh/protocol'
import { createLedger, settlersOf, ZERO_DIGEST } from '@infermesh/protocol/ledger'
import { expect, test } from 'vitest'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import { shownIn } from './grounds.ts'

const network = smallNetwork({ settler: 4, operator: 1 })
const ledger = createLedger(network.directory, { networkId: network.genesis.networkId, crypto: nodeCryptography })
const parts = { ledger, settlers: settlersOf(network.directory) }
const blockId = 'ab'.repeat(32)
const fitting: Vote = { kind: 'prevote', height: 1, round: 2, blockId, reveal: ZERO_DIGEST }

const said = (name: string, change: Partial<Vote> = {}): Uint8Array =>
  network.signerOf(name).sign('vote', { ...fitting, ...change }, 0).bytes

const first = said('settler-0')
const second = said('settler-1')
const third = said('settler-2')

const shown = (grounds: readonly Uint8Array[]) => shownIn({ height: 1, validRound: 3, grounds }, blockId, parts)

test('a quorum of prevotes for the block is shown', () => {
  expect(shown([first, second, third])).toEqual({ round: 2, blockId })
})

test.each([
  ['too few', [first, second]],
  ['one settler twice', [first, second, second]],
  ['a stranger to the vote', [first, second, said('operator-0')]],
  ['a prevote of another height', [first, second, said('settler-2', { height: 2 })]],
  ['a prevote of another round', [first, second, said('settler-2', { round: 1 })]],
  ['a prevote for another block', [first, second, said('settler-2', { blockId: 'cd'.repeat(32) })]],
  ['a precommit', [first, second, said('settler-2', { kind: 'precommit' })]],
  ['bytes that are no vote', [first, second, Uint8Array.of(1, 2, 3)]],
  ['a vote whose signature is not its own', [first, second, third.with(third.length - 1, (third.at(-1) ?? 0) ^ 1)]],
])('nothing is shown by %s', (_what, grounds) => {
  expect(shown(grounds)).toBeUndefined()
})

test('what does not fit takes nothing from the quorum beside it', () => {
  expect(shown([Uint8Array.of(0), said('settler-3', { round: 0 }), first, second, third])).toEqual({ round: 2, blockId })
})
