import { cpus, loadavg } from 'node:os'
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

async function measure({ plan }: Job, seed: number) {
  const marks: number[] = []
  const onCheckpoint = () => marks.push(performance.now()) > 0
  const entry = new URL('../test/crowd-program.ts', import.meta.url)
  const result = await runInWorker<CrowdPlan, CrowdResult>({ entry, seed, plan, onCheckpoint })
  const [begun = 0, settled = 0, ended = 0] = marks
  return { ...result, settleWallMs: settled - begun, wallMs: ended - settled }
}

const [rounds = 1, only = ''] = [Number(process.argv[2] ?? 1), process.argv[3] ?? '']
for (const job of jobs.filter(({ name }) => name.startsWith(only))) {
  const { plan } = job
  for (let round = 1; round <= rounds; round++) {
    const result = await measure(job, round)
    const virtual = (plan.untilMs - plan.settleMs) / 1000
    const speed = (ms: number) => (virtual / (ms / 1000)).toFixed(1)
    console.log(
      `${job.name}: ${speed(result.wallMs)} virtual s a second (aim ${job.aim}), ${speed(result.cpuMs)} a second of CPU; ` +
        `${result.delivered} of ${result.expected} delivered; settled in ${(result.settleWallMs / 1000).toFixed(1)} s; ` +
        `${result.rssMegabytes} MB, ${((result.rssMegabytes - result.rssBeforeMegabytes) / plan.peers).toFixed(2)} a peer; ${result.events} events; ` +
        `${(result.connections / plan.peers).toFixed(1)} connections and ${(result.mesh / plan.peers).toFixed(1)} mesh links a peer; ` +
        `trace ${result.traceHash}, inputs ${result.inputHash}`,
    )
  }
}
console.log(`load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} cores`)
