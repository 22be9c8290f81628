import { readScenario } from '@infermesh/scenario/files'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
const s = await readScenario(process.argv[2] ?? 'scenarios/small.yaml', { set: process.argv.slice(3) })
const t0 = performance.now()
const run = new VirtualRun(s, process.env.V ? { onRecord: (r) => { if (!['gossipDelivered'].includes(r.event.type)) console.log(r.at, r.peer, JSON.stringify(r.event).slice(0, 150)) } } : {})
const out = await run.finish()
console.log(out.breakage, out.traceHash, out.virtualMs, performance.now()-t0, run.messages.world.load())
for (const c of out.result?.checks ?? []) if (!c.held || process.env.A) console.log(c.held ? 'ok  ' : 'FAIL', c.name, '|', c.actual)
console.log(Object.entries(out.result?.metrics ?? {}).filter(([k])=>/^(requests|failover|settle|receipts|verif|billing)/.test(k) && !/p95|p99|mean/.test(k)).map(([k,v])=>k+'='+v).join(' '))
