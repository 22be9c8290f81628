import type { NetworkRecord } from '@infermesh/scenario'
import { Command } from 'commander'
import { type Replay, ReplayFailed, replayLog } from '../audit/replay-log.ts'
import { type RequestRecord, requestRecord } from '../audit/request-record.ts'
import { RunFiles } from '../audit/run-files.ts'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'

export const auditCommand = (): Command =>
  new Command('audit')
    .description('who ran a request, by what right, was it checked, where did it settle; every signature is checked on the way')
    .argument('<run>', 'run folder')
    .argument('[request]', 'request id, or enough of its front')
    .option('--list', 'the requests of the run')
    .option('--json', 'as JSON')
    .action(audit)

interface AuditFlags {
  readonly list?: true
  readonly json?: true
}

async function audit(run: string, request: string | undefined, flags: AuditFlags): Promise<void> {
  const files = new RunFiles(run)
  if (flags.list === true) return await list(files, flags)
  if (request === undefined) throw new UserError('audit: expected a request id, or --list to see them')
  const replay = replayed(files)
  const records = await recordsOf(files, request)
  const ids = new Set(records.map(({ event }) => ('requestId' in event ? event.requestId : '')))
  for (const entry of replay.entries.values())
    if (entry.type === 'receipt' && entry.payload.requestId.startsWith(request)) ids.add(entry.payload.requestId)
  const [id, ...others] = ids
  if (id === undefined)
    throw new UserError(`audit: expected a request of ${run}, found none that begins with ${request}; --list shows them`)
  if (others.length > 0) throw new UserError(`audit: ${ids.size} requests begin with ${request}: give more of the id`)
  const record = requestRecord(replay, id, records)
  if (flags.json === true) return console.log(JSON.stringify(record, null, 2))
  print(record, replay)
}

function replayed(files: RunFiles): Replay {
  if (files.hasStandIns())
    throw new UserError('audit: expected a run with real signatures, found crypto: sized: its stand-ins prove nothing outside its world')
  try {
    return replayLog(files.genesis(), files.log())
  } catch (error) {
    // A log that does not verify is a finding, not a crash: exit 1.
    if (error instanceof ReplayFailed) throw new UserError(`the log does not verify: ${error.message}`)
    throw error
  }
}

async function list(files: RunFiles, flags: AuditFlags): Promise<void> {
  const requests: { requestId: string; model: string; outcome: string }[] = []
  for await (const { event } of files.trace())
    if (event.type === 'requestEnded')
      requests.push({
        requestId: event.requestId,
        model: event.model,
        outcome: event.outcome === 'ok' ? 'ok' : `${event.outcome} ${event.code ?? ''}`.trim(),
      })
  if (flags.json === true) return console.log(JSON.stringify({ requests }, null, 2))
  console.log(
    tableText(
      ['request', 'model', 'outcome'],
      requests.map((request) => [request.requestId, request.model, request.outcome]),
    ),
  )
}

async function recordsOf(files: RunFiles, request: string): Promise<NetworkRecord[]> {
  const records: NetworkRecord[] = []
  for await (const record of files.trace())
    if ('requestId' in record.event && record.event.requestId.startsWith(request)) records.push(record)
  return records
}

function print(record: RequestRecord, replay: Replay): void {
  console.log(
    tableText(
      ['', ''],
      [
        ['request', record.requestId],
        ['model', record.model],
        ['client', record.client],
        ['outcome', `${record.outcome}, ${record.tokens} tokens`],
        ['charged', `${record.charged} coins`],
      ],
    ),
  )
  for (const attempt of record.attempts) console.log(`  ${attempt}`)
  for (const stretch of record.stretches) {
    console.log(`\ntokens ${stretch.tokens[0]} to ${stretch.tokens[1]} by ${stretch.operator}`)
    const rows = [
      ['by right of', stretch.right],
      ['sent by', `${stretch.gateway}, attempt ${stretch.attempt}`],
      ['weights', stretch.weightsRoot],
      ['engine', stretch.engineBuild],
      ['input', stretch.inputHash],
      ['output', stretch.outputHash],
      ['price', `${stretch.amount} coins for ${stretch.promptTokens} prompt and ${stretch.tokens[1] - stretch.tokens[0]} answer tokens`],
      ['receipt', `${stretch.receipt}, entry ${stretch.logIndex} of the log`],
      ['checked by', stretch.checkedBy.join('; ') || 'nobody: not drawn for an audit'],
      ['settled in', stretch.settled],
    ]
    console.log(tableText(['', ''], rows))
  }
  const { head } = replay.ledger
  console.log(
    `\nEvery signature above was checked, and ${replay.order.length} log entries in ${head.height} blocks replayed to state ${head.stateRoot.slice(0, 16)}….`,
  )
}
