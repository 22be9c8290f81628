import { readScenario } from '@infermesh/scenario/files'
import { faultText } from '@infermesh/scenario'
import { hunt } from '../../packages/cli/src/hunt/hunt.ts'
import { writeReplay } from '../../packages/cli/src/hunt/replay-file.ts'
const s = await readScenario(process.argv[2] ?? 'scenarios/small.yaml')
let t = performance.now()
let first = Number(process.argv[3] ?? 1)
const end = first + Number(process.argv[4] ?? 20)
while (first < end) {
  const r = await hunt(s, { seeds: end - first, first, shrinkRuns: Number(process.argv[5] ?? 0), onSeed: (seed, b) => { console.log(seed, b ?? 'held', Math.round(performance.now() - t)); t = performance.now() } })
  first += r.seedsRun
  if (r.finding) { console.log(r.finding.seed, r.finding.breakage, r.finding.shrinkRuns, r.finding.scenario.load.length); for (const f of r.finding.scenario.faults) console.log('   ', f.at, f.until, faultText(f), JSON.stringify(f)); writeReplay(`/tmp/n/hunt/${s.name}-${r.finding.seed}.json`, {...r.finding, stopEarly: true}) }
}
