import { engineOptionsFor, idlePolicyNames, serveTrace } from '@infermesh/serving'
import { readProfile, readTrace } from '@infermesh/serving/files'
import { Command } from 'commander'
import { numberText } from '../output/summary.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'

interface ServingFlags {
  readonly profile: string
  readonly blocks?: string
  readonly blockSize: string
  readonly policy: string
  readonly admission?: string
  readonly tier: readonly string[]
  readonly closedLoop?: true
  readonly skipBad?: true
  readonly limit?: string
  readonly json?: true
}

export const servingCommand = (): Command =>
  new Command('serving')
    .description("one operator's engine alone on a trace of requests: Mooncake, Azure, agentic, vLLM, or plain JSONL or CSV, gzip too")
    .argument('<trace>', 'trace file')
    .option('--profile <profile>', 'GPU and model: a name, or a JSON file', 'h100-llama-3.1-8b')
    .option('--blocks <n>', 'KV blocks; default what the profile says fits')
    .option('--block-size <tokens>', 'tokens in a block', '16')
    .option('--policy <policy>', `what becomes of idle conversations: ${idlePolicyNames.join(', ')}`, 'lru')
    .option('--admission <share>', 'open, or the share of memory that open sessions may take, such as 92%')
    .option(
      '--tier <tier>',
      'memory below the GPU, such as host=8Mtok; may be given again',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--closed-loop', 'later turns start after the answer before')
    .option('--limit <n>', 'the first n requests only')
    .option('--skip-bad', 'leave out lines that do not parse, and count them')
    .option('--json', 'as JSON')
    .action(serving)

async function serving(file: string, flags: ServingFlags): Promise<void> {
  const { report, trace } = await mended(() => serve(file, flags))
  const metrics = { ...report.metrics, 'trace.skipped_lines': trace.skipped }
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

async function serve(file: string, flags: ServingFlags) {
  const profile = await readProfile(flags.profile)
  const trace = await readTrace(file, {
    ...(flags.skipBad === true ? { skipBad: true } : {}),
    ...(flags.limit === undefined ? {} : { limit: count('--limit', flags.limit) }),
  })
  const engine = engineOptionsFor({
    profile,
    blockTokens: count('--block-size', flags.blockSize),
    policy: flags.policy,
    tiers: flags.tier,
    ...(flags.blocks === undefined ? {} : { blocks: count('--blocks', flags.blocks) }),
    ...(flags.admission === undefined ? {} : { admission: flags.admission }),
  })
  return { report: serveTrace({ requests: trace.requests, engine, ...(flags.closedLoop === true ? { closedLoop: true } : {}) }), trace }
}

function count(flag: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new UserError(`${flag}: expected a whole number from 1, found ${text}`)
  return value
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
