import { randomBytes } from 'node:crypto'
import { exitCodeOf, outcomeOf, type RunResult, type Scenario, type WorldName, worlds } from '@infermesh/scenario'
import { type ReadOptions, readScenario } from '@infermesh/scenario/files'
import { Command, Option } from 'commander'
import { progressOn, silent } from '../output/progress.ts'
import { summaryText } from '../output/summary.ts'
import { proveRun } from '../replay/prove.ts'
import { type RunOptions, runScenario } from '../run-scenario.ts'
import { UserError } from '../user-error.ts'

interface RunFlags {
  readonly world?: WorldName
  readonly seed?: string
  readonly set: readonly string[]
  readonly out?: string
  readonly prove?: true
  readonly json?: true
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

export const runCommand = (): Command =>
  new Command('run')
    .description('run scenarios and judge what they expect; exit 0 held, 1 failed, 2 could not run or decide')
    .argument('<scenario...>', 'scenario files, .yaml or .ts')
    .addOption(new Option('--world <world>', 'where the peers run').choices([...worlds]))
    .option('--seed <number>', 'seed of keys, load and random draws; `random` for a new one')
    .option('--set <path=value>', 'change a value of the scenario; may be given again', collect, [])
    .option('--prove', 'in virtual time: run it again while a core is kept busy, and name the first record that differs')
    .option('--out <folder>', 'run folder; default runs/<scenario>-<n>')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .action(run)

async function run(files: readonly string[], flags: RunFlags): Promise<void> {
  const seed = readSeed(flags.seed)
  // All are read before any is run: a bad file starts nothing.
  const options: ReadOptions = {
    set: flags.set,
    ...(seed === undefined ? {} : { seed }),
    runsIn: ({ worlds: [first = 'process'] }) => [flags.world ?? first],
  }
  const scenarios = await Promise.all(files.map((file) => readScenario(file, options)))
  const results: RunResult[] = []
  for (const [index, scenario] of scenarios.entries()) {
    const out = flags.out === undefined || scenarios.length === 1 ? flags.out : `${flags.out}/${scenario.name}`
    results.push(await runOne(scenario, { file: files[index] ?? '', set: flags.set, ...(out === undefined ? {} : { out }) }, flags))
  }
  if (flags.json === true) console.log(JSON.stringify(results.length === 1 ? results[0] : results, null, 2))
  process.exitCode = Math.max(...results.map((result) => exitCodeOf(result.outcome)))
}

async function runOne(scenario: Scenario, place: Pick<RunOptions, 'file' | 'set' | 'out'>, flags: RunFlags): Promise<RunResult> {
  const world = flags.world ?? scenario.worlds[0]
  if (flags.prove === true && world === 'process')
    throw new UserError('--prove: expected a world in virtual time, found process: real time never comes twice')
  const options = { ...place, ...(world === undefined ? {} : { world }) }
  const run = await runScenario(scenario, { ...options, progress: flags.json === true ? silent : progressOn(process.stderr) })
  const checks = flags.prove === true ? [...run.result.checks, await proveRun(scenario, run, options)] : run.result.checks
  const result = { ...run.result, checks, outcome: outcomeOf(checks) }
  if (flags.json !== true) console.log(`\n${summaryText(result)}\nrun folder: ${run.folder}`)
  return result
}

function readSeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text === 'random') return randomBytes(4).readUInt32BE()
  const seed = Number(text)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UserError(`--seed: expected a whole number from 0, or random, found ${text}`)
  return seed
}
