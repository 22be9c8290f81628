import { execFile } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runInWorker } from '../src/index.ts'
import type { CrowdPlan, CrowdResult } from '../test/crowd-program.ts'

// How fast virtual time passes on the real stack: a hundred peers with light gossip, timed from the first publish, and an idle
// crowd. Each run is one thread; its CPU time, which includes garbage collection on other threads, stands beside its wall time.
// The bars are for a second of CPU, since the machine may have other work, and for the best of the seeds.

interface Job {
  readonly name: string
  readonly plan: CrowdPlan
  /** Virtual seconds a second. */
  readonly bar: number
  /** Resident above an empty world, with whatever garbage there is. */
  readonly megabytesAPeerMax?: number
}

const light = { degree: 8, settleMs: 5000, bytes: 1000, wire: 'plain' } as const
const jobs: readonly Job[] = [
  { name: '100 peers, light gossip', bar: 25, plan: { ...light, peers: 100, messages: 20, untilMs: 65_000 } },
  { name: '1,000 peers, idle', bar: 1, megabytesAPeerMax: 0.7, plan: { ...light, degree: 5, peers: 1000, messages: 0, untilMs: 25_000 } },
]

type Measured = CrowdResult & { readonly wallMs: number; readonly settleWallMs: number }

async function measure(plan: CrowdPlan, seed: number): Promise<Measured> {
  const marks: number[] = []
  const onCheckpoint = () => marks.push(performance.now()) > 0
  const entry = new URL('../test/crowd-program.ts', import.meta.url)
  const result = await runInWorker<CrowdPlan, CrowdResult>({ entry, seed, plan, onCheckpoint })
  const [begun = 0, settled = 0, ended = 0] = marks
  return { ...result, settleWallMs: settled - begun, wallMs: ended - settled }
}

/** In a process of its own, whose memory is that of this run. */
async function measureApart(plan: CrowdPlan, seed: number): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), 'one', JSON.stringify(plan), `${seed}`])
  return JSON.parse(stdout)
}

const virtualSeconds = ({ untilMs, settleMs }: CrowdPlan): number => (untilMs - settleMs) / 1000
const megabytesAPeer = ({ peers }: CrowdPlan, result: Measured): number => (result.rssMegabytes - result.rssBeforeMegabytes) / peers

function report({ name, plan, bar, megabytesAPeerMax }: Job, result: Measured): void {
  const speed = (ms: number) => (virtualSeconds(plan) / (ms / 1000)).toFixed(1)
  const memory = megabytesAPeerMax === undefined ? '' : ` (bar ${megabytesAPeerMax})`
  const each = (count: number) => (count / plan.peers).toFixed(1)
  console.log(
    `${name}: ${speed(result.cpuMs)} virtual s a second of CPU (bar ${bar}), ${speed(result.wallMs)} of wall time; ` +
      `${result.delivered} of ${result.expected} delivered; settled in ${(result.settleWallMs / 1000).toFixed(1)} s; ` +
      `${result.rssMegabytes} MB, ${megabytesAPeer(plan, result).toFixed(2)} a peer above an empty world${memory}; ` +
      `${each(result.connections)} connections and ${each(result.mesh)} mesh links a peer; ` +
      `${result.events} events; trace ${result.traceHash}, inputs ${result.inputHash}`,
  )
}

function holds({ plan, bar, megabytesAPeerMax = Number.POSITIVE_INFINITY }: Job, results: readonly Measured[]): boolean {
  const best = Math.max(...results.map(({ cpuMs }) => virtualSeconds(plan) / (cpuMs / 1000)))
  const least = Math.min(...results.map((result) => megabytesAPeer(plan, result)))
  return best >= bar && least <= megabytesAPeerMax && results.every(({ delivered, expected }) => delivered === expected)
}

const [first = '3', second = '', third = ''] = process.argv.slice(2)
if (first === 'one') {
  console.log(JSON.stringify(await measure(JSON.parse(second), Number(third))))
} else {
  for (const job of jobs.filter(({ name }) => name.startsWith(second))) {
    const results: Measured[] = []
    for (let seed = 1; seed <= Number(first); seed++) {
      const result = await measureApart(job.plan, seed)
      report(job, result)
      results.push(result)
    }
    if (!holds(job, results)) process.exitCode = 1
  }
  console.log(`load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} cores`)
}
