import type { Cryptography } from '@infermesh/kernel'
import type { Genesis } from '@infermesh/protocol'
import type { LedgerEvent, LedgerRule } from '@infermesh/protocol/ledger'
import type { RunCheck } from '@infermesh/scenario'
import type { FinalLog } from '../worlds/world.ts'
import { foldingFrom, foldLog, ReplayFailed } from './replay-log.ts'

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
    const folding = foldingFrom(genesis, crypto, waived)
    const slashes: Slash[] = []
    const logged = new Set<string>()
    for (const { entries, events } of foldLog(log, folding)) {
      for (const { id } of entries) logged.add(id)
      for (const event of events) if (event.type === 'slashed') slashes.push(event)
    }
    const { height, stateRoot, total } = folding.ledger.head
    return [
      { name, held: true, expected: 'the same state root', actual: `${stateRoot.slice(0, 16)}… at height ${height}, ${total} coins` },
      slashCheck(slashes, logged),
    ]
  } catch (error) {
    if (!(error instanceof ReplayFailed)) throw error
    return [{ name, held: false, expected: 'the same state root', actual: error.message }]
  }
}

type Slash = Extract<LedgerEvent, { readonly type: 'slashed' }>

function slashCheck(slashes: readonly Slash[], logged: ReadonlySet<string>): RunCheck {
  const bare = slashes.filter(({ proof }) => proof.length === 0 || proof.some((id) => !logged.has(id)))
  return {
    name: 'I7 every slash has its evidence in the log',
    held: bare.length === 0,
    expected: 'evidence for each',
    actual: bare.length === 0 ? `${slashes.length} slashes, each proven` : `${bare.length} of ${slashes.length} without`,
  }
}
