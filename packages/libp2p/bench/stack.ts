import { execFile } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runInWorker } from '../src/index.ts'
import type { CrowdPlan, CrowdResult } from '../test/crowd-program.ts'

// How fast virtual time passes on the real stack: a hundred peers with light gossip, timed from the first publish, and an idle
// crowd. Each run is one thread; its CPU time, which includes garbage collection on other threads, stands beside its wall time.

interface Job {
  readonly name: string
  readonly plan: CrowdPlan
  /** Virtual seconds a second. */
  readonly aim: number
}

const light = { degree: 8, settleMs: 5000, bytes: 1000, wire: 'plain' } as const
const jobs: readonly Job[] = [
  { name: '100 peers, light gossip', aim: 25, plan: { ...light, peers: 100, messages: 20, untilMs: 65_000 } },
  { name: '1,000 peers, idle', aim: 1, plan: { ...light, degree: 5, peers: 1000, messages: 0, untilMs: 25_000 } },
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

function report({ name, plan, aim }: Job, result: Measured): void {
  const virtual = (plan.untilMs - plan.settleMs) / 1000
  const speed = (ms: number) => (virtual / (ms / 1000)).toFixed(1)
  const each = (count: number, digits: number) => (count / plan.peers).toFixed(digits)
  console.log(
    `${name}: ${speed(result.wallMs)} virtual s a second (aim ${aim}), ${speed(result.cpuMs)} a second of CPU; ` +
      `${result.delivered} of ${result.expected} delivered; settled in ${(result.settleWallMs / 1000).toFixed(1)} s; ` +
      `${result.rssMegabytes} MB, ${each(result.rssMegabytes - result.rssBeforeMegabytes, 2)} a peer above an empty world; ` +
      `${each(result.connections, 1)} connections and ${each(result.mesh, 1)} mesh links a peer; ` +
      `${result.events} events; trace ${result.traceHash}, inputs ${result.inputHash}`,
  )
}

const [first = '3', second = '', third = ''] = process.argv.slice(2)
if (first === 'one') {
  console.log(JSON.stringify(await measure(JSON.parse(second), Number(third))))
} else {
  for (const job of jobs.filter(({ name }) => name.startsWith(second))) {
    for (let seed = 1; seed <= Number(first); seed++) report(job, await measureApart(job.plan, seed))
  }
  console.log(`load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} cores`)
}
