import type { Millis } from '@infermesh/kernel'
import { commandText, faultText } from '@infermesh/scenario'
import { Command } from 'commander'
import type { VirtualOutcome } from '../hunt/breakage.ts'
import { finishIn } from '../hunt/finish-in.ts'
import type { OrderOptions } from '../hunt/quiet-order.ts'
import { type ReplayFile, readReplay } from '../hunt/replay-file.ts'
import { statesInStack } from '../hunt/stack-run.ts'
import { VirtualRun } from '../hunt/virtual-run.ts'
import { readLoadTraces } from '../network/load-traces.ts'
import { changedScenario, instantOf } from '../replay/changed-scenario.ts'
import { fork, forkText } from '../replay/fork.ts'
import { type PeerState, peerStates } from '../replay/peer-states.ts'
import { UserError } from '../user-error.ts'

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
    .option('--until <instant>', 'stop there and show the state of each peer, such as 31.2s; with --set, where the futures part')
    .option(
      '--set <path=value>',
      'another future, side by side with the first: faults.0.at=31s, faults.2=none, faults.2={ at: 40s, crash: owner-0 }, peers.gateway.routing=uniform; with --until, only from that instant on; may be given again',
      collect,
      [],
    )
    .option('--other-code', 'accept a file that other code made: the same faults, not the same run')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .action(run)

async function run(path: string, flags: ReplayFlags): Promise<void> {
  const replay = readReplay(path, flags.otherCode === true)
  const traces = await readLoadTraces(replay.scenario)
  const { scenario, stopEarly, world } = replay
  if (flags.set.length > 0) {
    const from = flags.until === undefined ? {} : { from: instantIn(replay, flags.until) }
    const both = await fork({ world, before: replay.scenario, after: changedScenario(replay.scenario, flags.set), ...from }, traces)
    console.log(flags.json === true ? JSON.stringify(both, null, 2) : forkText(both))
    return
  }
  if (flags.until !== undefined) {
    showStates(await statesAt(replay, instantIn(replay, flags.until), traces), flags)
    return
  }
  const options = { traces, stopEarly }
  const outcome = await finishIn(world, scenario, options)
  const isSame = outcome.traceHash === replay.traceHash
  if (flags.json === true)
    console.log(
      JSON.stringify({ same: isSame, expected: replay.traceHash, traceHash: outcome.traceHash, breakage: outcome.breakage }, null, 2),
    )
  else print(replay, outcome, isSame)
  process.exitCode = isSame ? 0 : 1
}

function instantIn({ virtualMs }: ReplayFile, text: string): Millis {
  const instant = instantOf('--until', text)
  if (instant > virtualMs) throw new UserError(`--until: expected an instant before the run's end at ${virtualMs} ms, found ${instant} ms`)
  return instant
}

async function statesAt({ scenario, world }: ReplayFile, instant: Millis, traces: OrderOptions['traces']): Promise<States> {
  const options = traces === undefined ? {} : { traces }
  if (world === 'stack') return await statesInStack(scenario, instant, options)
  const run = new VirtualRun(scenario, options)
  run.runUntil(instant)
  return { at: run.messages.world.now(), peers: await peerStates(run.messages.world, run.plan) }
}

function print(replay: ReplayFile, outcome: VirtualOutcome, isSame: boolean): void {
  for (const fault of replay.scenario.faults) console.log(`  ${fault.at} ms  ${faultText(fault)}`)
  for (const command of replay.scenario.commands) console.log(`  ${command.at} ms  ${commandText(command)}`)
  const { breakage } = outcome
  if (breakage !== undefined) console.log(`${breakage.check} broke at ${breakage.at} ms: ${breakage.text}`)
  else console.log('every check held')
  console.log(
    isSame ? `the same run: trace ${outcome.traceHash}` : `another run: expected trace ${replay.traceHash}, found ${outcome.traceHash}`,
  )
}

interface States {
  readonly at: Millis
  readonly peers: readonly PeerState[]
}

function showStates({ at, peers }: States, flags: ReplayFlags): void {
  if (flags.json === true) {
    console.log(JSON.stringify({ at, peers }, null, 2))
    return
  }
  console.log(`at ${at} ms`)
  for (const state of peers) console.log(stateText(state))
}

function stateText({ peer, up, status, saved }: PeerState): string {
  const lines = [`${peer}: ${up ? 'up' : 'down'}${status === undefined ? '' : `  ${JSON.stringify(status)}`}`]
  for (const [front, what] of Object.entries(saved)) lines.push(`    saved ${front}: ${what}`)
  return lines.join('\n')
}
