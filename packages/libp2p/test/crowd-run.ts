import { runInWorker } from '../src/index.ts'
import type { CrowdPlan, CrowdResult } from './crowd-program.ts'

// One crowd in a process of its own, which prints what must be equal in every other: `crowd-run.ts <seed> <plan as JSON>`.
const [seed = '1', plan = '{}'] = process.argv.slice(2)
const result = await runInWorker<CrowdPlan, CrowdResult>({
  entry: new URL('./crowd-program.ts', import.meta.url),
  seed,
  plan: JSON.parse(plan),
})
const { delivered, expected, traceHash, inputHash, events, reached } = result
console.log(JSON.stringify({ delivered, expected, traceHash, inputHash, events, reached }))
