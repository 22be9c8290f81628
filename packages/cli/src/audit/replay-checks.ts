import type { Cryptography } from '@infermesh/kernel'
import type { Genesis } from '@infermesh/protocol'
import type { LedgerRule } from '@infermesh/protocol/ledger'
import type { RunCheck } from '@infermesh/scenario'
import type { FinalLog } from '../worlds/world.ts'
import { type Replay, ReplayFailed, replayLog } from './replay-log.ts'

/** What a stranger finds who has the genesis and the log: the same balances (I12), and evidence for each slash (I7). */
export function replayChecks(
  genesis: Genesis,
  log: FinalLog,
  crypto?: Cryptography,
  waived?: ReadonlySet<LedgerRule>,
): readonly RunCheck[] {
  if (!genesis.members.some((member) => member.role === 'settler')) return []
  const name = 'I12 the log replays from zero to the same balances'
  if (log.checkpoints.length === 0) return [{ name, held: false, undecided: true, expected: 'a log', actual: 'no settler gave one' }]
  try {
    const replay = replayLog(genesis, log, crypto, waived)
    const { height, stateRoot, total } = replay.ledger.head
    return [
      { name, held: true, expected: 'the same state root', actual: `${stateRoot.slice(0, 16)}… at height ${height}, ${total} coins` },
      slashCheck(replay),
    ]
  } catch (error) {
    if (!(error instanceof ReplayFailed)) throw error
    return [{ name, held: false, expected: 'the same state root', actual: error.message }]
  }
}

function slashCheck({ events, entries }: Replay): RunCheck {
  const slashes = events.filter((event) => event.type === 'slashed')
  const bare = slashes.filter(({ proof }) => proof.length === 0 || proof.some((id) => !entries.has(id)))
  return {
    name: 'I7 every slash has its evidence in the log',
    held: bare.length === 0,
    expected: 'evidence for each',
    actual: bare.length === 0 ? `${slashes.length} slashes, each proven` : `${bare.length} of ${slashes.length} without`,
  }
}
