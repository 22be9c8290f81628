import { headlineLaws, kvLaws, type Law, type LawResult, privacyLaws } from '@infermesh/analysis'
import { randomFrom } from '@infermesh/kernel'
import { Command } from 'commander'
import { leakRunner } from '../leaks/law-runs.ts'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'

interface LawsFlags {
  readonly seed: string
  readonly json?: true
}

const laws: readonly Law[] = [...kvLaws, ...privacyLaws, ...headlineLaws(leakRunner)]

export const lawsCommand = (): Command =>
  new Command('laws')
    .description('closed-form results that the code must reproduce: expected, measured, interval; exit 0 held, 1 not')
    .argument('[name]', 'a law, or the front of several')
    .option('--seed <seed>', "seed of every experiment's draws", '1')
    .option('--json', 'as JSON')
    .action(runLaws)

function runLaws(name: string | undefined, flags: LawsFlags): void {
  const chosen = laws.filter((law) => name === undefined || law.name.startsWith(name))
  if (chosen.length === 0) throw new UserError(`laws: expected one of ${laws.map((law) => law.name).join(', ')}, found ${name}`)
  const rows = chosen.map(({ name, source, ...law }) => ({
    name,
    source,
    // A stream for each law: one more draw in one of them moves no other.
    ...law.run(randomFrom(flags.seed).fork(name)),
  }))
  console.log(flags.json === true ? JSON.stringify({ laws: rows }, null, 2) : report(rows))
  process.exitCode = rows.every(({ held }) => held) ? 0 : 1
}

type Row = Pick<Law, 'name' | 'source'> & LawResult

function report(rows: readonly Row[]): string {
  const table = tableText(
    ['law', 'expected', 'measured', 'interval', '', 'source'],
    rows.map(({ name, source, expected, measured, interval: [low, high], held }) => [
      name,
      numberText(expected),
      numberText(measured),
      `${numberText(low)} to ${numberText(high)}`,
      held ? 'held' : 'NOT HELD',
      source,
    ]),
  )
  return `${table}\n\n${rows.filter(({ held }) => held).length} of ${rows.length} laws held`
}
