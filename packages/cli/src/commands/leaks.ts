import { type Leak, type LeakReport, leakMetrics } from '@infermesh/analysis'
import { Command } from 'commander'
import { RunFiles } from '../audit/run-files.ts'
import { leakMatrix } from '../leaks/leak-matrix.ts'
import { LeakRecords } from '../leaks/leak-records.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'

export const leaksCommand = (): Command =>
  new Command('leaks')
    .description('what each observer of a run learned, and what it cost to keep it from them; two runs are shown side by side')
    .argument('<run...>', 'run folders, one or two')
    .option('--json', 'as JSON')
    .action(leaks)

interface Named {
  readonly run: string
  readonly report: LeakReport
}

async function leaks(runs: readonly string[], flags: { readonly json?: true }): Promise<void> {
  if (runs.length > 2) throw new UserError(`leaks: expected one or two run folders, found ${runs.length}`)
  const named: Named[] = []
  for (const run of runs) named.push({ run, report: await reportOf(run) })
  if (flags.json !== true) return print(named)
  const found = named.map(({ run, report }) => ({ run, metrics: leakMetrics(report), leaks: report.leaks, costs: report.costs }))
  console.log(JSON.stringify(found.length === 1 ? found[0] : { runs: found }, null, 2))
}

async function reportOf(run: string): Promise<LeakReport> {
  const files = new RunFiles(run)
  const records = new LeakRecords(files.genesis())
  for await (const record of files.trace()) records.observe(record)
  const report = records.report()
  if (report.costs.requests === 0 || !records.hasSealed())
    throw new UserError(`${run}: expected a run with sealed requests that were answered, found none; give a load \`oblivious\``)
  return report
}

function print(named: readonly Named[]): void {
  for (const [index, { run }] of named.entries()) if (named.length > 1) console.log(`${letterOf(index)} = ${run}`)
  const [observed = [], ...facts] = leakMatrix(named.map(({ report }) => report.leaks))
  console.log(tableText(observed, facts))
  console.log()
  const all = named.flatMap(({ report }) => report.leaks)
  const observers = [...new Set(all.map(({ observer }) => observer))]
  const keys = [...new Set(observers.flatMap((observer) => all.filter((leak) => leak.observer === observer).map(keyOf)))]
  const columns = (name: string): string[] => named.map((_, index) => (named.length === 1 ? name : `${name} ${letterOf(index)}`))
  const head = [
    'observer',
    'fact',
    'attack',
    ...columns('success'),
    ...columns('blind guess'),
    ...columns('bits left (min, p5)'),
    ...columns('AUC'),
  ]
  const rows = keys.map((key) => {
    const cells = named.map(({ report }) => report.leaks.find((leak) => keyOf(leak) === key))
    const [first] = cells.filter((cell) => cell !== undefined)
    return [
      first?.observer ?? '',
      first?.fact ?? '',
      first?.attack ?? '',
      ...cells.map((cell) => (cell === undefined || cell.samples === 0 ? '-' : percent(cell.success))),
      ...cells.map((cell) => (cell === undefined || cell.samples === 0 ? '-' : percent(cell.blind))),
      ...cells.map(bitsText),
      ...cells.map((cell) => (cell?.auc === undefined ? '' : cell.auc.toFixed(3))),
    ]
  })
  console.log(tableText(head, rows))
  console.log()
  console.log(tableText(['what it costs', ...columns('value')], costRows(named)))
}

const costRows = (named: readonly Named[]): string[][] => {
  const row = (name: string, textIn: (report: LeakReport) => string): string[] => [name, ...named.map(({ report }) => textIn(report))]
  return [
    row('requests answered', ({ costs }) => String(costs.requests)),
    row('first token, p50 / p95 ms', ({ costs }) => `${costs.ttftMsP50} / ${costs.ttftMsP95}`),
    row('whole answer, p50 / p95 ms', ({ costs }) => `${costs.totalMsP50} / ${costs.totalMsP95}`),
    row('bytes for each request', ({ costs }) => costs.bytesPerRequest.toFixed(0)),
    row('bytes over those needed', ({ costs }) => `${costs.bytesRatio.toFixed(2)}×`),
    row('seals for each request', ({ costs }) => costs.sealsPerRequest.toFixed(1)),
    row('blind signatures for each request', ({ costs }) => costs.signaturesPerRequest.toFixed(2)),
    row(
      'coins charged / paid for each request',
      ({ costs }) => `${costs.chargedPerRequest.toFixed(0)} / ${costs.paidPerRequest.toFixed(0)}`,
    ),
    row('requests held at relays at a time', ({ heldAtRelays }) => heldAtRelays.toFixed(2)),
  ]
}

const keyOf = ({ observer, fact, attack }: Leak): string => `${observer}\n${fact}\n${attack === 'sees' ? '' : attack}`
const letterOf = (index: number): string => (index === 0 ? 'A' : 'B')
const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`

function bitsText(leak: Leak | undefined): string {
  if (leak?.bitsMin === undefined) return ''
  return `${leak.bitsMin.toFixed(2)}, ${(leak.bitsP5 ?? leak.bitsMin).toFixed(2)}`
}
