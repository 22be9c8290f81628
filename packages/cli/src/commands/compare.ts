import { exitCodeOf, outcomeOf, type RunResult, type WorldName, worlds } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { Command } from 'commander'
import { type Comparison, comparisonOf } from '../compare/comparison.ts'
import { progressOn, silent } from '../output/progress.ts'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { implementedWorlds, runScenario } from '../run-scenario.ts'
import { UserError } from '../user-error.ts'

interface CompareFlags {
  readonly worlds?: string
  readonly set: readonly string[]
  readonly all?: true
  readonly json?: true
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

export const compareCommand = (): Command =>
  new Command('compare')
    .description('one scenario in every world, metric by metric; exit 0 the worlds agree as far as the scenario says')
    .argument('<scenario>', 'scenario file, .yaml or .ts')
    .option('--worlds <list>', 'only these, such as message,process')
    .option('--set <path=value>', 'change a value of the scenario; may be given again', collect, [])
    .option('--all', 'every metric, also those that are equal everywhere')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .action(run)

async function run(file: string, flags: CompareFlags): Promise<void> {
  const scenario = await readScenario(file, { set: flags.set, runsIn: (read) => worldsOf(flags, read.worlds) })
  const chosen = worldsOf(flags, scenario.worlds)
  if (chosen.length < 2)
    throw new UserError(`compare: expected at least two worlds for ${scenario.name}, found ${chosen.join(', ') || 'none'}`)
  const results: RunResult[] = []
  for (const world of chosen) {
    const progress = flags.json === true ? silent : progressOn(process.stderr)
    progress.say(`${scenario.name} in ${world}`)
    results.push((await runScenario(scenario, { file, progress, world })).result)
  }
  const comparison = comparisonOf(scenario, results)
  if (flags.json === true) console.log(JSON.stringify(comparison, null, 2))
  else console.log(comparisonText(comparison, flags.all === true))
  process.exitCode = exitCodeOf(outcomeOf(comparison.checks))
}

function worldsOf({ worlds: list }: CompareFlags, meant: readonly WorldName[]): readonly WorldName[] {
  const asked = list?.split(',') ?? meant
  const known = asked.filter((name): name is WorldName => worlds.some((world) => world === name))
  if (known.length < asked.length) throw new UserError(`--worlds: expected some of ${worlds.join(', ')}, found ${asked.join(', ')}`)
  return known.filter((world) => implementedWorlds.includes(world))
}

function comparisonText({ worlds: names, rows, checks }: Comparison, isWhole: boolean): string {
  const shown = rows.filter(({ apart }) => isWhole || apart !== 0)
  const table = shown.map(({ metric, values, apart }) => [
    metric,
    ...names.map((name) => (values[name] === undefined ? '–' : numberText(values[name]))),
    apart === undefined ? '–' : `${(apart * 100).toFixed(1)} %`,
  ])
  const found = checks.map((check) => [check.held ? 'held' : check.undecided === true ? 'undecided' : 'FAILED', check.name, check.actual])
  return [
    tableText(['metric', ...names, 'apart'], table),
    '',
    `${rows.length - shown.length} more metrics are equal in every world`,
    '',
    tableText(['', 'check', 'found'], found),
  ].join('\n')
}
