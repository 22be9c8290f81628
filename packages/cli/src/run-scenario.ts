import { join } from 'node:path'
import { TRACE_FORMAT, WORLD } from '@infermesh/kernel'
import { StackRunFailed } from '@infermesh/libp2p'
import { toHex } from '@infermesh/protocol'
import { endOf, RunObserver, type RunResult, type Scenario, timelineOf, type WorldName, worlds } from '@infermesh/scenario'
import { MachineFailed, NoProgress } from '@infermesh/sim'
import { replayChecks } from './audit/replay-checks.ts'
import { liarIds } from './faults/liar-ids.ts'
import { type VirtualWorld, writeReplay } from './hunt/replay-file.ts'
import { LeakWatch } from './leaks/leak-watch.ts'
import { readLoadTraces } from './network/load-traces.ts'
import { planNetwork } from './network/network-plan.ts'
import { worldCryptography } from './network/world-cryptography.ts'
import type { Progress } from './output/progress.ts'
import { RunFolder } from './output/run-folder.ts'
import { RunBroke, UserError } from './user-error.ts'
import { runInMessages } from './worlds/message-world.ts'
import { runInProcesses } from './worlds/process-world.ts'
import { runInStack } from './worlds/stack-world.ts'
import type { Alteration } from './worlds/virtual-network.ts'
import { type FinalLog, RunAborted, type World } from './worlds/world.ts'

const implemented: Record<WorldName, World> = { process: runInProcesses, stack: runInStack, message: runInMessages }

/** Names of the worlds that a run can be made in. */
export const implementedWorlds: readonly WorldName[] = worlds.filter((name) => implemented[name] !== undefined)

export interface RunOptions {
  /** The scenario's file, and what `--set` changed in it, for the replay line. */
  readonly file: string
  readonly set?: readonly string[]
  readonly progress: Progress
  readonly world?: WorldName
  readonly out?: string
  /** Tests plant bugs with it; no command can. */
  readonly alter?: Alteration
}

/** One run of one scenario in one world, from plan to verdict. Leaves a run folder. */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
): Promise<{ readonly result: RunResult; readonly folder: string }> {
  const worldName = options.world ?? scenario.worlds[0] ?? 'process'
  const world = implemented[worldName]
  const traces = await readLoadTraces(scenario)
  const plan = planNetwork(scenario)
  const timeline = timelineOf(scenario, traces)
  const folder = new RunFolder(scenario.name, options.out)
  folder.write('genesis.json', plan.genesis)
  const observer = new RunObserver(scenario, plan.genesis, { crypto: worldCryptography(scenario, plan), liars: liarIds(scenario, plan) })
  const watch = new LeakWatch(scenario, plan.genesis)
  const started = performance.now()
  const onRecord: Parameters<World>[0]['onRecord'] = (record) => {
    folder.record(record)
    for (const watcher of [observer, options.progress, watch]) watcher.observe(record)
  }
  const event = { type: 'runStarted', format: TRACE_FORMAT, scenario: scenario.name, world: worldName, seed: scenario.seed } as const
  onRecord({ seq: 0, at: 0, peer: WORLD, event })
  const interrupt = abortOnSignals()
  try {
    const { log, further, crypto, ...end } = await world({
      scenario,
      plan,
      timeline,
      end: endOf(scenario, timeline),
      observer,
      onRecord,
      say: options.progress.say,
      folder: folder.path,
      signal: interrupt.signal,
      ...(options.alter === undefined ? {} : { alter: options.alter }),
    })
    folder.writeLines('log.jsonl', linesOf(log))
    const result = observer.conclude({
      ...end,
      world: worldName,
      wallMs: Math.round(performance.now() - started),
      further: [...replayChecks(plan.genesis, log, crypto), ...further],
      metrics: watch.metrics(),
    })
    await folder.finish(result)
    options.progress.finish()
    const replay = worldName === 'process' ? undefined : keepReplay(scenario, folder.path, { ...result, world: worldName })
    const again = replay === undefined ? againLine(scenario, worldName, options) : `infermesh replay ${replay}`
    if (result.outcome === 'failed') options.progress.say(`replay: ${again}`)
    return { result, folder: folder.path }
  } catch (error) {
    options.progress.finish()
    if (error instanceof RunAborted || interrupt.signal.aborted) throw new UserError('interrupted; every peer was ended')
    if (isBreakdown(error)) throw new RunBroke(error, againLine(scenario, worldName, options))
    throw error
  } finally {
    interrupt.release()
  }
}

/** A long log is never in memory as text. */
function* linesOf({ checkpoints, entries }: FinalLog): Generator {
  for (const raw of checkpoints) yield { kind: 'checkpoint', envelope: toHex(raw) }
  for (const raw of entries) yield { kind: 'entry', envelope: toHex(raw) }
}

/** A machine threw, or nothing moved on. */
const isBreakdown = (error: unknown): error is Error =>
  error instanceof MachineFailed || error instanceof NoProgress || (error instanceof StackRunFailed && BREAKDOWNS.has(error.kind))

const BREAKDOWNS: ReadonlySet<string> = new Set([MachineFailed.name, NoProgress.name])

const againLine = ({ seed }: Scenario, world: WorldName, { file, set = [] }: RunOptions): string =>
  [`infermesh run ${file} --world ${world} --seed ${seed}`, ...set.map((change) => `--set '${change}'`)].join(' ')

/** A run in virtual time can be made again from one file. */
function keepReplay(
  scenario: Scenario,
  folder: string,
  { traceHash = '', virtualMs, world }: RunResult & { readonly world: VirtualWorld },
): string {
  const path = join(folder, 'replay.json')
  writeReplay(path, { world, scenario, stopEarly: false, traceHash, virtualMs })
  return path
}

/** Ctrl-C ends the run and its peers; a second one ends this process at once, and its peers follow it. */
function abortOnSignals(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(2)
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    release() {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
