import { type Envelope, encodeCbor, type PeerMachine } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { decodeRecord, RECORD_KEY } from './consensus-record.ts'
import { type SettlementWorld, settlementWorld } from './test-support/settlement-world.ts'

type Ballot = Envelope<'vote'> | Envelope<'proposal'>
type Hears = (name: string, ballot: Ballot) => boolean

const HEIGHT = 1

/** Settlers that never hear of each other what `hears` denies them. */
function deaf(hears: Hears): SettlementWorld {
  const replace = (name: string, machine: PeerMachine): PeerMachine => ({
    ...(machine.validate && { validate: machine.validate.bind(machine) }),
    handle(input, now) {
      const isBallot = input.type === 'gossip' && (input.envelope.type === 'vote' || input.envelope.type === 'proposal')
      return isBallot && !hears(name, input.envelope as Ballot) ? [] : machine.handle(input, now)
    },
  })
  return settlementWorld({ receipts: 3, replace: (name, machine) => (name.startsWith('settler') ? replace(name, machine) : machine) })
}

const isFirstRound = ({ payload }: Ballot): boolean => payload.height === HEIGHT && payload.round === 0

const isFinal = (run: SettlementWorld): boolean => run.events('blockFinal').some(({ height }) => height === HEIGHT)

/** The third settler misses the first proposal, and the fourth's prevote reaches only the first, which is locked alone. Then the fourth is gone. */
function lockedAlone(): SettlementWorld {
  const run = deaf((name, ballot) => {
    if (!isFirstRound(ballot)) return true
    if (ballot.type === 'proposal') return name !== 'settler-2'
    return name === 'settler-0' || ballot.payload.kind === 'precommit' || ballot.signer !== run.network.idOf('settler-3')
  })
  run.world.start()
  const isLocked = () => run.world.store('settler-0').has(RECORD_KEY) && recordOf(run).state.locked !== undefined
  while (!isLocked() && run.world.now() < 20_000) run.world.step()
  run.world.crash('settler-3')
  return run
}

const recordOf = (run: SettlementWorld) => decodeRecord(run.world.store('settler-0').get(RECORD_KEY) ?? new Uint8Array(0), sealingOf(run))

const sealingOf = (run: SettlementWorld) => ({ networkId: run.network.genesis.networkId, crypto: nodeCryptography })

test('a settler that alone saw the prevotes for a block shows them, and the others follow it though one of the voters is gone', () => {
  const run = lockedAlone()

  run.world.run(run.world.now() + 30_000)

  expect(recordOrHeight(run)).toBe('final')
})

test('it still has them to show when it restarts after all others have forgotten them', () => {
  const run = lockedAlone()
  while (recordOf(run).state.round < 2 && run.world.now() < 20_000) run.world.step()
  run.world.crash('settler-0')
  run.world.restart('settler-0')

  run.world.run(run.world.now() + 30_000)

  expect(recordOrHeight(run)).toBe('final')
})

test('a settler that went on to the next round alone still tells the others how it voted in the last', () => {
  let hasGoneOn = false
  const run = deaf((name, ballot) => {
    if (!isFirstRound(ballot) || hasGoneOn) return true
    // Nobody hears the proposal, so all vote for none; the others miss the first settler's last word.
    const isLost = ballot.type === 'vote' && ballot.payload.kind === 'precommit' && ballot.signer === run.network.idOf('settler-0')
    return ballot.type === 'vote' && !(isLost && name !== 'settler-0')
  })
  run.world.start()
  run.world.crash('settler-3')
  while (!hasGoneOn && run.world.now() < 20_000) {
    run.world.step()
    hasGoneOn = run.world.store('settler-0').has(RECORD_KEY) && recordOf(run).state.round === 1
  }

  run.world.run(run.world.now() + 30_000)

  expect([hasGoneOn, recordOrHeight(run)]).toEqual([true, 'final'])
})

test('a record in the form of another version is refused with both named', () => {
  const run = settlementWorld()

  expect(() => decodeRecord(encodeCbor([7, 0, 1, null, null, [], []]), sealingOf(run))).toThrow(
    'expected a vote at hand in format 2, found one that another version wrote',
  )
})

const recordOrHeight = (run: SettlementWorld): string => (isFinal(run) ? 'final' : `in round ${recordOf(run).state.round} still`)
