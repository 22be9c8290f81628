import { cacheHitRate, engineOptionsFor, policyNames, type ServingReport, type ServingSetup, serveTrace } from '@infermesh/serving'
import { readProfile } from '@infermesh/serving/files'
import { Command, Option } from 'commander'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'
import { type CurveFlags, curveOf, curveText } from './serving-curve.ts'
import { count, type ServedTrace, type TraceFlags, traceOf } from './serving-trace.ts'

interface ServingFlags extends TraceFlags, CurveFlags {
  readonly profile: string
  readonly blocks?: string
  readonly blockSize?: string
  readonly stepTokens?: string
  readonly policy: string
  readonly admission?: string
  readonly tier: readonly string[]
  readonly preemption?: 'recompute' | 'swap'
  readonly queue?: 'fcfs' | 'program'
  readonly closedLoop?: true
  readonly curve?: true
  readonly json?: true
}

const collected = (value: string, before: string[]): string[] => [...before, value]

export const servingCommand = (): Command =>
  new Command('serving')
    .description("one operator's engine alone on a trace of requests: Mooncake, Azure, agentic, vLLM, or plain JSONL or CSV, gzip too")
    .argument('<trace>', 'trace file, or generated:<n> for so many coding-agent sessions')
    .option('--profile <profile>', 'GPU and model: a name, or a JSON file', 'h100-llama-3.1-8b')
    .option('--blocks <n>', 'KV blocks; default what the profile says fits')
    .option('--block-size <tokens>', 'tokens in a block; default 16, for curves 256')
    .option('--step-tokens <tokens>', 'most new tokens in one step; default 2048')
    .option('--policy <policy>', `what becomes of idle conversations, or which block goes first: ${policyNames.join(', ')}`, 'lru')
    .option('--admission <share>', 'open, or the share of memory that open sessions may take, such as 92%')
    .option('--tier <tier>', 'memory below the GPU, such as host=8Mtok or disk=1Gtok@7GB/s; may be given again', collected, [])
    .addOption(new Option('--preemption <way>', 'what a request that loses its memory does').choices(['recompute', 'swap']))
    .addOption(new Option('--queue <order>', 'who goes first; program: turns of earlier sessions').choices(['fcfs', 'program']))
    .option('--closed-loop', 'later turns start after the answer before')
    .option('--hints <sigma>', 'clients say when they will be back, with a lognormal error of this sigma')
    .option('--limit <n>', 'the first n requests only')
    .option('--skip-bad', 'leave out lines that do not parse, and count them')
    .option('--seed <seed>', "seed of what is drawn: hints, and a generated trace's sessions", '1')
    .option('--curve', 'sessions held against context length, by column; closed loop')
    .option('--column <column>', 'for --curve: a policy with what is added, such as lru+92%+host=8Mtok; may be given again', collected, [])
    .option('--contexts <scales>', 'for --curve: scales of every context', '0.25,0.5,1')
    .option('--sessions <counts>', 'for --curve: open sessions', '4,8,12,16,24,32,40,48,56,64,80,96,112,128')
    .option('--minutes <n>', 'for --curve: length of each run', '60')
    .option('--json', 'as JSON')
    .action((file: string, flags: ServingFlags) => mended(() => (flags.curve === true ? curve(file, flags) : serving(file, flags))))

async function curve(file: string, flags: ServingFlags): Promise<void> {
  const { hints: _, ...plain } = flags
  const trace = await traceOf(file, plain)
  const setup = await setupOf(flags)
  const made = curveOf(trace, setup, flags)
  if (flags.json !== true) return console.log(curveText(made))
  console.log(JSON.stringify({ trace: file, form: trace.form, profile: setup.profile.name, ...made }, null, 2))
}

async function serving(file: string, flags: ServingFlags): Promise<void> {
  const { report, trace, cacheHits } = await serve(file, flags)
  const metrics = {
    ...report.metrics,
    ...(cacheHits === undefined ? {} : { 'kv.cache_hit_rate': cacheHits }),
    'trace.skipped_lines': trace.skipped,
  }
  if (flags.json === true)
    return console.log(
      JSON.stringify({ trace: file, form: trace.form, metrics, occupancy: report.occupancy, refused: report.refused }, null, 2),
    )
  console.log(
    tableText(
      ['metric', 'value'],
      Object.entries(metrics).map(([name, value]) => [name, numberText(value)]),
    ),
  )
  for (const { id, reason } of report.refused.slice(0, 5)) console.log(`refused ${id}: ${reason}`)
}

interface Served {
  readonly report: ServingReport
  readonly trace: ServedTrace
  readonly cacheHits: number | undefined
}

async function serve(file: string, flags: ServingFlags): Promise<Served> {
  const trace = await traceOf(file, flags)
  const { requests } = trace
  const setup = { ...(await setupOf(flags)), requests }
  const engine = engineOptionsFor(setup)
  const report = serveTrace({ requests, engine, ...(flags.closedLoop === true ? { closedLoop: true } : {}) })
  return { report, trace, cacheHits: cacheHitRate(requests, { ...engine, policy: flags.policy }) }
}

async function setupOf(flags: ServingFlags): Promise<ServingSetup> {
  return {
    profile: await readProfile(flags.profile),
    policy: flags.policy,
    tiers: flags.tier,
    ...(flags.blockSize === undefined ? {} : { blockTokens: count('--block-size', flags.blockSize) }),
    ...(flags.stepTokens === undefined ? {} : { stepTokensMax: count('--step-tokens', flags.stepTokens) }),
    ...(flags.blocks === undefined ? {} : { blocks: count('--blocks', flags.blocks) }),
    ...(flags.admission === undefined ? {} : { admission: flags.admission }),
    ...(flags.preemption === undefined ? {} : { preemption: flags.preemption }),
    ...(flags.queue === undefined ? {} : { queue: flags.queue }),
  }
}

/** Bad files and bad words are the user's to mend. */
async function mended<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && (error.message.startsWith('expected') || /: expected |:\d+: |ENOENT/.test(error.message)))
      throw new UserError(error.message)
    throw error
  }
}
