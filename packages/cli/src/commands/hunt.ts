import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { commandText, faultText } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { Command, Option } from 'commander'
import { type Finding, type HuntResult, hunt } from '../hunt/hunt.ts'
import { type VirtualWorld, writeReplay } from '../hunt/replay-file.ts'
import { readLoadTraces } from '../network/load-traces.ts'
import { durationText } from '../output/duration-text.ts'
import { wholeNumber } from './whole-number.ts'

interface HuntFlags {
  readonly seeds: string
  readonly first: string
  readonly minutes?: string
  readonly jobs: string
  readonly world: VirtualWorld
  readonly set: readonly string[]
  readonly out: string
  readonly json?: true
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

export const huntCommand = (): Command =>
  new Command('hunt')
    .description('random fault schedules until a standing check breaks, then the smallest that breaks it; exit 0 nothing found, 1 found')
    .argument('<scenario>', 'scenario file; its peers, models and load are kept, its faults and commands are replaced')
    .option('--seeds <number>', 'schedules to try', '100')
    .option('--first <seed>', 'seed of the first', '1')
    .option('--minutes <number>', 'stop after this long, whatever --seeds says')
    .option('--jobs <number>', 'runs at the same time; the result is the same for any number', String(availableParallelism()))
    .addOption(new Option('--world <world>', 'where the peers run').choices(['message', 'stack']).default('message'))
    .option('--set <path=value>', 'change a value of the scenario; may be given again', collect, [])
    .option('--out <folder>', 'where replay files go', 'runs/hunt')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .action(run)

async function run(file: string, flags: HuntFlags): Promise<void> {
  const scenario = await readScenario(file, { set: flags.set })
  const started = performance.now()
  const minutes = flags.minutes === undefined ? undefined : wholeNumber('--minutes', flags.minutes)
  const result = await hunt(scenario, {
    seeds: wholeNumber('--seeds', flags.seeds),
    first: wholeNumber('--first', flags.first),
    world: flags.world,
    jobs: Math.max(1, wholeNumber('--jobs', flags.jobs)),
    traces: await readLoadTraces(scenario),
    ...(minutes === undefined ? {} : { until: Date.now() + minutes * 60_000 }),
    onSeed: (seed, breakage) => {
      if (flags.json === true) return
      if (breakage !== undefined)
        console.error(`seed ${seed}: ${breakage.check} broke at ${breakage.at} ms; looking for the smallest schedule`)
      else if (seed % 10 === 0) console.error(`seed ${seed}: held`)
    },
  })
  const path = result.finding && kept(result.finding, flags)
  if (flags.json === true)
    console.log(JSON.stringify({ scenario: scenario.name, seedsRun: result.seedsRun, ...found(result, path) }, null, 2))
  else print(scenario.name, result, { path, took: performance.now() - started })
  process.exitCode = result.finding === undefined ? 0 : 1
}

function kept(finding: Finding, { out, world }: HuntFlags): string {
  const path = join(out, `${finding.scenario.name}-${finding.breakage.check}-${finding.seed}.json`)
  const { scenario, traceHash, virtualMs, breakage } = finding
  writeReplay(path, { world, scenario, stopEarly: true, traceHash, virtualMs, breakage })
  return path
}

const found = ({ finding }: HuntResult, replay: string | undefined) =>
  finding === undefined
    ? {}
    : {
        finding: {
          seed: finding.seed,
          breakage: finding.breakage,
          faults: finding.scenario.faults,
          commands: finding.scenario.commands,
          replay,
        },
      }

function print(name: string, { seedsRun, finding }: HuntResult, end: { readonly path: string | undefined; readonly took: number }): void {
  if (finding === undefined) {
    console.log(`${name}: ${seedsRun} schedules in ${durationText(end.took)}, every check held`)
    return
  }
  const { breakage, scenario, drawn, shrinkRuns } = finding
  const size = `${scenario.faults.length} of ${drawn} faults, found in ${shrinkRuns} more runs`
  console.log(`${name}: seed ${finding.seed} breaks ${breakage.check} at ${breakage.at} ms: ${breakage.text}`)
  console.log(`smallest schedule that does (${size}):`)
  for (const fault of scenario.faults)
    console.log(`  ${fault.at} ms${fault.until === undefined ? '' : ` to ${fault.until} ms`}  ${faultText(fault)}`)
  for (const command of scenario.commands) console.log(`  ${command.at} ms  ${commandText(command)}`)
  console.log(`replay: infermesh replay ${end.path ?? ''}`)
}
