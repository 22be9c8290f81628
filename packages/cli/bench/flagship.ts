import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Envelope, Message } from '@infermesh/protocol'
import { identityFromSeed } from '@infermesh/protocol/node'
import { type Action, endOf, RunObserver, type Scenario, type TraceRow, timelineOf } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { createMessageWorld } from '@infermesh/sim'
import { replayChecks } from '../src/audit/replay-checks.ts'
import { LeakWatch } from '../src/leaks/leak-watch.ts'
import { machineBuilder } from '../src/network/build-machine.ts'
import { readLoadTraces } from '../src/network/load-traces.ts'
import { planNetwork } from '../src/network/network-plan.ts'
import { worldCryptography } from '../src/network/world-cryptography.ts'
import { RunFolder } from '../src/output/run-folder.ts'
import { runInMessages } from '../src/worlds/message-world.ts'
import { runInStack } from '../src/worlds/stack-world.ts'
import { latencyOf, VirtualNetwork } from '../src/worlds/virtual-network.ts'
import type { RunOrder } from '../src/worlds/world.ts'

/**
 * How fast virtual time passes in the flagship scenario, with trace and checks as every run has them, and what those cost. CPU time of the
 * thread that runs, since the machine may have other work; wall time beside it. Bars: 100 virtual seconds a second in `message`, 10 in
 * `stack`, a quarter of a run for trace and checks.
 */
const BARS = { message: 100, stack: 10, watching: 0.25 }
/** The first four or so compile. */
const ROUNDS = 16
/** A share is the difference of two noisy figures, so it takes more of them. */
const WATCHING_ROUNDS = 20
const file = join(import.meta.dirname, '../../../scenarios/private-owner-failover.yaml')

interface Timed {
  readonly virtualMs: number
  readonly cpuMs: number
  readonly wallMs: number
  readonly traceHash: string
}

type Traces = ReadonlyMap<number, readonly TraceRow[]>

async function timed(
  work: () => Promise<Pick<Timed, 'virtualMs' | 'traceHash'>>,
  usage: (since?: NodeJS.CpuUsage) => NodeJS.CpuUsage,
): Promise<Timed> {
  const [cpu, wall] = [usage(), performance.now()]
  const { virtualMs, traceHash } = await work()
  const { user, system } = usage(cpu)
  return { virtualMs, traceHash, cpuMs: (user + system) / 1_000, wallMs: performance.now() - wall }
}

const thread = (since?: NodeJS.CpuUsage): NodeJS.CpuUsage => process.threadCpuUsage(since)
const everyThread = (since?: NodeJS.CpuUsage): NodeJS.CpuUsage => process.cpuUsage(since)

/** A whole run, as `infermesh run` makes it: records to a file, folds and checks over each, and the log replayed at the end. */
async function watched(scenario: Scenario, traces: Traces, run: (order: RunOrder) => ReturnType<typeof runInMessages>) {
  const out = mkdtempSync(join(tmpdir(), 'infermesh-bench-'))
  const plan = planNetwork(scenario)
  const timeline = timelineOf(scenario, traces)
  const observer = new RunObserver(scenario, plan.genesis, { crypto: worldCryptography(scenario, plan) })
  const watchers = [observer, new LeakWatch(scenario, plan.genesis)]
  const folder = new RunFolder(scenario.name, out)
  const {
    log,
    further,
    crypto,
    virtualMs,
    traceHash = '',
  } = await run({
    ...{ scenario, plan, timeline, observer, folder: out, say: () => undefined, end: endOf(scenario, timeline) },
    signal: new AbortController().signal,
    onRecord: (record) => {
      folder.record(record)
      for (const watcher of watchers) watcher.observe(record)
    },
  })
  const checks = [...replayChecks(plan.genesis, log, crypto), ...further]
  const result = observer.conclude({ virtualMs, traceHash, world: 'bench', wallMs: 0, further: checks })
  if (result.outcome !== 'held')
    throw new Error(`the flagship ${result.outcome}: ${JSON.stringify(result.checks.filter(({ held }) => !held))}`)
  await folder.finish(result)
  rmSync(out, { recursive: true })
  return { virtualMs, traceHash }
}

/** The same network for the same time with nobody looking: no record is made, no message followed, no digest taken. */
async function unwatched(scenario: Scenario, traces: Traces, until: number) {
  const plan = planNetwork(scenario)
  const timeline: readonly Action[] = timelineOf(scenario, traces)
  const network = new VirtualNetwork({ scenario, plan, timeline, say: () => undefined, owe: () => undefined })
  const seeds = { ...plan, crypto: network.crypto, runSeed: `${plan.runSeed}/0`, secrets: 'seeded' as const }
  const world = createMessageWorld<Message, Envelope>({
    seed: scenario.seed,
    latency: latencyOf(scenario),
    isTraced: false,
    peers: plan.peers.map((peer) => ({
      name: peer.name,
      role: peer.role,
      peerId: identityFromSeed(peer.identitySeed).peerId,
      createMachine: () => machineBuilder(seeds, peer).make(),
    })),
  })
  network.attach(world)
  world.start()
  world.run(until)
  return { virtualMs: world.now(), traceHash: '' }
}

/** Other work on the machine only ever adds, so the faster rounds are nearer to the truth; their mean is steadier than the best of them. */
function fasterHalf(ms: readonly number[]): number {
  const faster = [...ms].sort((left, right) => left - right).slice(0, Math.ceil(ms.length / 2))
  return faster.reduce((sum, each) => sum + each, 0) / faster.length
}

const speed = ({ virtualMs }: Timed, ms: number): number => virtualMs / ms
const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

function report(name: string, rounds: readonly Timed[], bar: number): boolean {
  const [cpu, wall] = [rounds.map((round) => speed(round, round.cpuMs)), rounds.map((round) => speed(round, round.wallMs))]
  const hashes = new Set(rounds.map(({ traceHash }) => traceHash))
  console.log(
    `${name}: ${Math.max(...cpu).toFixed(1)} virtual s a second of CPU at best, median ${median(cpu).toFixed(1)} (bar ${bar}); ` +
      `of wall time ${Math.max(...wall).toFixed(1)}, median ${median(wall).toFixed(1)}; trace ${[...hashes].join(' and ')}`,
  )
  return Math.max(...cpu) >= bar && hashes.size === 1
}

async function inMessages(crypto: 'real' | 'sized', rounds: number): Promise<boolean> {
  const scenario = await readScenario(file, { set: [`crypto=${crypto}`] })
  const traces = await readLoadTraces(scenario)
  const results: Timed[] = []
  for (let round = 0; round < rounds; round++) results.push(await timed(() => watched(scenario, traces, runInMessages), thread))
  return report(`flagship in message, crypto: ${crypto}`, results, BARS.message)
}

async function watching(): Promise<boolean> {
  const scenario = await readScenario(file)
  const traces = await readLoadTraces(scenario)
  const [fulls, bares]: [number[], number[]] = [[], []]
  for (let round = 0; round < WATCHING_ROUNDS; round++) {
    const full = await timed(() => watched(scenario, traces, runInMessages), thread)
    const bare = await timed(() => unwatched(scenario, traces, full.virtualMs), thread)
    fulls.push(full.cpuMs)
    bares.push(bare.cpuMs)
  }
  const [full, bare] = [fasterHalf(fulls), fasterHalf(bares)]
  const share = 1 - bare / full
  console.log(
    `trace and checks: ${(share * 100).toFixed(0)} % of a run, ${bare.toFixed(0)} ms of CPU without and ${full.toFixed(0)} with (bar ${BARS.watching * 100} %)`,
  )
  return share <= BARS.watching
}

async function inStack(rounds: number): Promise<boolean> {
  const scenario = await readScenario(file)
  const traces = await readLoadTraces(scenario)
  const results: Timed[] = []
  for (let round = 0; round < rounds; round++) results.push(await timed(() => watched(scenario, traces, runInStack), everyThread))
  return report('flagship in stack, crypto: real, every thread', results, BARS.stack)
}

const jobs: Readonly<Record<string, () => Promise<boolean>>> = {
  real: () => inMessages('real', ROUNDS),
  sized: () => inMessages('sized', ROUNDS),
  watching,
  stack: () => inStack(2),
}
const asked = process.argv.slice(2)
const held: boolean[] = []
for (const [name, job] of Object.entries(jobs)) if (asked.length === 0 || asked.includes(name)) held.push(await job())
console.log(`load average ${loadavg()[0]?.toFixed(2)}`)
process.exitCode = held.every(Boolean) ? 0 : 1
