import { faultText } from '@infermesh/scenario'
import { Command } from 'commander'
import { type ReplayFile, readReplay } from '../hunt/replay-file.ts'
import { VirtualRun } from '../hunt/virtual-run.ts'
import { readLoadTraces } from '../network/load-traces.ts'
import { changedScenario, instantOf } from '../replay/changed-scenario.ts'
import { fork, forkText } from '../replay/fork.ts'
import { type PeerState, peerStates } from '../replay/peer-states.ts'

interface ReplayFlags {
  readonly until?: string
  readonly set: readonly string[]
  readonly otherCode?: true
  readonly json?: true
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

export const replayCommand = (): Command =>
  new Command('replay')
    .description('the same run again, bit for bit; exit 0 the same, 1 not the same')
    .argument('<file>', 'replay file, as a hunt or a run in virtual time leaves it')
    .option('--until <instant>', 'stop there and show the state of each peer, such as 31.2s')
    .option(
      '--set <path=value>',
      'another future, side by side with the first: faults.0.at=31s, faults.2=none; may be given again',
      collect,
      [],
    )
    .option('--other-code', 'accept a file that other code made: the same faults, not the same run')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .action(run)

async function run(path: string, flags: ReplayFlags): Promise<void> {
  const replay = readReplay(path, flags.otherCode === true)
  const traces = await readLoadTraces(replay.scenario)
  if (flags.set.length > 0) {
    const both = await fork({ before: replay.scenario, after: changedScenario(replay.scenario, flags.set) }, traces)
    console.log(flags.json === true ? JSON.stringify(both, null, 2) : forkText(both))
    return
  }
  const again = new VirtualRun(replay.scenario, { traces, stopEarly: replay.stopEarly })
  if (flags.until !== undefined) {
    again.runUntil(instantOf('--until', flags.until))
    showStates(again, flags)
    return
  }
  const outcome = await again.finish()
  const isSame = outcome.traceHash === replay.traceHash
  if (flags.json === true)
    console.log(
      JSON.stringify({ same: isSame, expected: replay.traceHash, traceHash: outcome.traceHash, breakage: outcome.breakage }, null, 2),
    )
  else print(replay, outcome, isSame)
  process.exitCode = isSame ? 0 : 1
}

function print(replay: ReplayFile, outcome: Awaited<ReturnType<VirtualRun['finish']>>, isSame: boolean): void {
  for (const fault of replay.scenario.faults) console.log(`  ${fault.at} ms  ${faultText(fault)}`)
  const { breakage } = outcome
  if (breakage !== undefined) console.log(`${breakage.check} broke at ${breakage.at} ms: ${breakage.text}`)
  else console.log('every check held')
  console.log(
    isSame ? `the same run: trace ${outcome.traceHash}` : `another run: expected trace ${replay.traceHash}, found ${outcome.traceHash}`,
  )
}

function showStates(run: VirtualRun, flags: ReplayFlags): void {
  const at = run.messages.world.now()
  const states = peerStates(run)
  if (flags.json === true) {
    console.log(JSON.stringify({ at, peers: states }, null, 2))
    return
  }
  console.log(`at ${at} ms`)
  for (const state of states) console.log(stateText(state))
}

function stateText({ peer, up, status, saved }: PeerState): string {
  const lines = [`${peer}: ${up ? 'up' : 'down'}${status === undefined ? '' : `  ${JSON.stringify(status)}`}`]
  for (const [front, what] of Object.entries(saved)) lines.push(`    saved ${front}: ${what}`)
  return lines.join('\n')
}
