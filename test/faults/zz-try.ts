import { smallNetwork } from './networks.ts'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
const t0 = performance.now()
const run = new VirtualRun(smallNetwork([
  { at: '6s', delay: '80ms', jitter: '20ms', on: ['gateway','operator'], for: '3s' },
  { at: '6s', jitter: '40ms', for: '2s' },
  { at: '7s', loss: '5%', for: '3s' },
  { at: '7s', loss: '5%', burst: 3, for: '3s' },
  { at: '8s', partition: [['owner-0'], ['gateway-0']], for: '2s' },
  { at: '8s', partition: [['owner-0']], for: '2s', oneWay: true, mode: 'cut' },
  { at: '10s', pause: 'operator-0', for: '2s' },
  { at: '10s', crash: 'owner-0', for: '4s' },
  { at: '12s', crash: 'operator-1', afterEffects: 3 , for: '3s'},
  { at: '12s', reorder: '20%', for: '3s' },
  { at: '12s', duplicate: '20%', for: '3s' },
  { at: '12s', reset: '2%', for: '3s' },
  { at: '12s', bandwidth: '1Mbit', on: 'gateway-0', for: '3s' },
  { at: '12s', clock: 'grantor-0', offset: '5s', drift: '300ppm', for: '5s' },
  { at: '12s', clock: 'grantor-1', offset: '-5s', for: '3s' },
  { at: '12s', clock: 'gateway-1', offset: '-5s', for: '3s' },
  { at: '13s', disk: 'slow', by: '15ms', on: 'operator', for: '3s' },
  { at: '14s', disk: 'full', on: 'standby-0', for: '3s' },
  { at: '16s', disk: 'torn', on: 'operator-0', for: '1s' },
  { at: '16s', disk: 'lossy', on: 'operator-1', for: '1s' },
  { at: '14s', churn: 'grantor', rate: '30/m', down: '1s', for: '10s' },
  { at: '14s', overload: 'open/summarizer@1.2', rate: '20/s', for: '3s' },
].slice(Number(process.argv[2]??0), Number(process.argv[3]??99))))
const out = await run.finish()
console.log(out.breakage, out.traceHash, out.virtualMs, performance.now()-t0)
for (const c of out.result?.checks ?? []) console.log(c.held ? 'ok  ' : 'FAIL', c.name, '|', c.actual)
console.log(Object.fromEntries(Object.entries(out.result?.metrics ?? {}).filter(([k])=>k.startsWith('requests')||k.startsWith('failover'))))
