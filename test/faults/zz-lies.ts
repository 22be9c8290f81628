import { lieKinds } from '@infermesh/peers'
import { resolveScenario } from '@infermesh/scenario'
import { parse } from 'yaml'
import { readFileSync } from 'node:fs'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
const base = parse(readFileSync('scenarios/hunting-ground.yaml', 'utf8'))
const by: Record<string, unknown> = { 'tampering-gateway': 'gateway-0', 'request-tampering': 'gateway-0' }
for (const lie of lieKinds.filter((k) => process.argv[2] === undefined || process.argv.slice(2).includes(k))) {
  const who = by[lie] ?? (/verifier|accuser|reveals/.test(lie) ? 'verifier-0' : /settler/.test(lie) ? 'settler-0' : lie === 'eclipse' ? ['operator-0', 'operator-1'] : 'operator-0')
  const victim = lie === 'colluding-verifier' || lie === 'censoring-settler' ? 'operator-0' : lie === 'eclipse' ? 'settler-1' : undefined
  const s = resolveScenario({ ...base, faults: [{ lie, by: who, ...(victim ? { victim } : {}) }] })
  const t0 = performance.now()
  const seen: Record<string, number> = {}
  const run = new VirtualRun(s, { onRecord: (r) => { if (['slashed', 'receiptVoid', 'refusedInput'].includes(r.event.type)) { const k = r.event.type + ' ' + ((r.event as any).reason ?? '').slice(0, 60).replace(/[0-9a-f]{12,}/g,'#'); seen[k] = (seen[k] ?? 0) + 1 } } })
  try {
    const out = await run.finish()
    const m = out.result?.metrics ?? {}
    console.log(`${lie}: ${out.breakage ? JSON.stringify(out.breakage).slice(0, 300) : 'held'} ${out.virtualMs}ms wall ${Math.round(performance.now() - t0)} ok=${m['requests.ok']}/${m['requests.total']} caught=${m['verification.caught']} false=${m['verification.false_accusations']} checked=${m['verification.checked']} void=${m['receipts.void']} final=${m['settlement.final']}/${m['receipts.issued']}`)
    for (const c of out.result?.checks ?? []) if (c.name.startsWith('fault') || (!c.held && !c.name.includes('requests.success'))) console.log('    ', c.held ? 'ok' : 'FAIL', c.name, '|', c.actual)
  } catch (e) { console.log(lie, 'THREW', e) }
  console.log('    ', JSON.stringify(seen))
}
