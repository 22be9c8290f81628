import type { PauseKind } from '../engine/request.ts'
import { isRecord, numberFault, parseObject } from './line-fields.ts'
import { isPlainHeader, plainCsvParser, plainLine } from './plain-lines.ts'
import { type BadLine, isBad, type LineParser, type TraceRequest } from './trace-request.ts'

/** Forms of trace that can be read. */
export type TraceForm = 'mooncake' | 'azure' | 'agentic' | 'vllm' | 'plain' | 'plain-csv'

/** Tells the form from a trace's first line; `undefined` when it is none of them. */
export function formOf(firstLine: string): TraceForm | undefined {
  if (firstLine.startsWith('TIMESTAMP,')) return 'azure'
  if (isPlainHeader(firstLine)) return 'plain-csv'
  const record = parseObject(firstLine)
  if (isBad(record)) return undefined
  if ('hash_ids' in record) return 'mooncake'
  if ('requests' in record) return 'agentic'
  if ('prompt_tokens' in record) return 'plain'
  return 'input_toks' in record ? 'vllm' : undefined
}

/** A parser for one reading of one trace: it may remember the first line's clock. */
export function lineParser(form: TraceForm): LineParser {
  switch (form) {
    case 'mooncake':
      return mooncakeLine
    case 'azure':
      return azureParser()
    case 'agentic':
      return agenticParser()
    case 'vllm':
      return vllmParser()
    case 'plain':
      return plainLine
    case 'plain-csv':
      return plainCsvParser()
  }
}

const mooncakeBlockTokens = 512

function mooncakeLine(text: string, line: number): readonly TraceRequest[] | BadLine {
  const record = parseObject(text)
  if (isBad(record)) return record
  const { hash_ids: keys } = record
  const fault = numberFault(record, ['timestamp', 'input_length', 'output_length']) ?? keysFault(keys)
  if (fault !== undefined) return { fault }
  return [
    {
      id: `r${line}`,
      arrivalMs: record.timestamp as number,
      promptTokens: record.input_length as number,
      answerTokens: record.output_length as number,
      prefix: { blockTokens: mooncakeBlockTokens, keys: Float64Array.from(keys as number[]) },
    },
  ]
}

function azureParser(): LineParser {
  let start: number | undefined
  return (text, line) => {
    if (line === 1) return []
    const [timestamp = '', prompt = '', answer = ''] = text.split(',')
    const at = azureTime(timestamp)
    if (at === undefined) return { fault: `expected a time like 2023-11-16 18:15:46.6805900, found "${timestamp}"` }
    const fault = numberFault({ ContextTokens: Number(prompt || Number.NaN), GeneratedTokens: Number(answer || Number.NaN) }, [
      'ContextTokens',
      'GeneratedTokens',
    ])
    if (fault !== undefined) return { fault }
    start ??= at
    return [{ id: `r${line}`, arrivalMs: at - start, promptTokens: Number(prompt), answerTokens: Number(answer) }]
  }
}

/** Milliseconds within the month: the published traces last an hour and cross no month's end. */
function azureTime(text: string): number | undefined {
  const match = /^\d{4}-\d{2}-(\d{2}) (\d{2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text)
  if (match === null) return undefined
  const [day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return (((day * 24 + hour) * 60 + minute) * 60 + second) * 1000
}

/** Session-local block ids move into a range of their own, so that equal ids of two sessions stay different blocks. */
const idsPerSession = 16_777_216

function agenticParser(): LineParser {
  let sessions = 0
  return (text) => {
    const record = parseObject(text)
    if (isBad(record)) return record
    const { id, block_size: blockTokens, requests } = record
    if (typeof id !== 'string' || typeof blockTokens !== 'number' || !Array.isArray(requests))
      return { fault: 'expected a session with id, block_size and requests' }
    const firstKey = idsPerSession * sessions++
    const turns = requests.map((turn, index) => agenticTurn(turn, { id, blockTokens, firstKey, index, count: requests.length }))
    return turns.find((turn) => isBad(turn)) ?? turns.filter((turn): turn is TraceRequest => !isBad(turn))
  }
}

interface TurnPlace {
  readonly id: string
  readonly blockTokens: number
  readonly firstKey: number
  readonly index: number
  readonly count: number
}

function agenticTurn(turn: unknown, place: TurnPlace): TraceRequest | BadLine {
  if (!isRecord(turn)) return { fault: `expected turn ${place.index} to be an object` }
  const fault = numberFault(turn, ['t', 'in', 'out'])
  if (fault !== undefined) return { fault: `turn ${place.index}: ${fault}` }
  if (!Array.isArray(turn.blocks)) return { fault: `turn ${place.index}: expected blocks as pairs [first id, count]` }
  const keys: number[] = []
  for (const [first, count] of turn.blocks as [number, number][])
    for (let step = 0; step < count; step++) keys.push(place.firstKey + first + step)
  const pause: PauseKind = turn.stop === 'end_turn' ? 'user' : 'tool'
  return {
    id: `${place.id}/${place.index}`,
    arrivalMs: (turn.t as number) * 1000,
    promptTokens: Math.max(1, turn.in as number),
    answerTokens: Math.max(1, turn.out as number),
    prefix: { blockTokens: place.blockTokens, keys: Float64Array.from(keys) },
    session: { session: place.id, turn: place.index, last: place.index === place.count - 1, pause },
    ...(place.index > 0 ? { thinkMs: typeof turn.think_s === 'number' ? turn.think_s * 1000 : 0 } : {}),
  }
}

/** Both files of a vLLM run: the log (`queued_ts`, seconds) and the workload (`arrival_time_ns`). */
function vllmParser(): LineParser {
  let start: number | undefined
  return (text, line) => {
    const record = parseObject(text)
    if (isBad(record)) return record
    const time = 'queued_ts' in record ? 'queued_ts' : 'arrival_time_ns'
    const fault = numberFault(record, ['input_toks', 'output_toks', time])
    if (fault !== undefined) return { fault }
    const at = (record[time] as number) * (time === 'queued_ts' ? 1000 : 1e-6)
    start ??= at
    const id = typeof record.request_id === 'string' ? record.request_id : `r${line}`
    return [{ id, arrivalMs: at - start, promptTokens: record.input_toks as number, answerTokens: record.output_toks as number }]
  }
}

const keysFault = (keys: unknown): string | undefined =>
  Array.isArray(keys) && keys.every((key) => typeof key === 'number' && key >= 0) ? undefined : 'expected hash_ids to be a list of numbers'
