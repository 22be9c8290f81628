import { describe, expect, test } from 'vitest'
import { findData } from '../files/data-folder.ts'
import { readTrace } from '../files/trace-file.ts'
import { mean } from '../report/distribution.ts'
import { formOf, lineParser } from './trace-lines.ts'

const mooncake = '{"timestamp": 27, "input_length": 1025, "output_length": 7, "hash_ids": [0, 1, 2]}'
const session =
  '{"id":"t1","block_size":64,"tool_tokens":1,"system_tokens":1,"requests":[{"t":0,"in":130,"out":9,"stop":"tool_use","api_s":1,"think_s":0,"blocks":[[1,2]]},{"t":5.5,"in":200,"out":3,"stop":"end_turn","api_s":null,"think_s":4,"blocks":[[1,1],[7,2]]}]}'

const plain = ['{"arrival":0,"prompt_tokens":1,"answer_tokens":1}', 'arrival_ms,prompt_tokens,answer_tokens', 'arrival,prompt_tokens']

test('reads a Mooncake line', () => {
  expect(lineParser('mooncake')(mooncake, 3)).toMatchObject([
    { id: 'r3', arrivalMs: 27, promptTokens: 1_025, answerTokens: 7, prefix: { blockTokens: 512, keys: Float64Array.of(0, 1, 2) } },
  ])
})

test('reads Azure lines from the first time on, and leaves out the header', () => {
  const parse = lineParser('azure')

  expect(parse('TIMESTAMP,ContextTokens,GeneratedTokens', 1)).toEqual([])
  expect(parse('2023-11-16 18:15:46.6805900,374,44', 2)).toMatchObject([{ arrivalMs: 0, promptTokens: 374, answerTokens: 44 }])
  expect(parse('2023-11-16 18:16:46.7805900,1,2', 3)).toMatchObject([{ arrivalMs: expect.closeTo(60_100, 3) }])
})

test('reads a session into turns with blocks of its own, and the pause before each', () => {
  const parse = lineParser('agentic')
  const turns = parse(session, 1)
  const others = parse(session, 2)

  expect(turns).toMatchObject([
    { id: 't1/0', arrivalMs: 0, prefix: { keys: Float64Array.of(1, 2) }, session: { turn: 0, last: false, pause: 'tool' } },
    {
      id: 't1/1',
      arrivalMs: 5_500,
      thinkMs: 4_000,
      prefix: { keys: Float64Array.of(1, 7, 8) },
      session: { turn: 1, last: true, pause: 'user' },
    },
  ])
  expect(others).toMatchObject([{ prefix: { keys: Float64Array.of(16_777_217, 16_777_218) } }, {}])
})

test('reads both files of a vLLM run on one clock', () => {
  expect(lineParser('vllm')('{"request_id":"b","input_toks":5,"output_toks":6,"queued_ts":27.5}', 1)).toMatchObject([
    { id: 'b', arrivalMs: 0 },
  ])
  const parse = lineParser('vllm')
  parse('{"input_toks":5,"output_toks":6,"arrival_time_ns":1000000}', 1)
  expect(parse('{"input_toks":5,"output_toks":6,"arrival_time_ns":4500000}', 2)).toMatchObject([{ id: 'r2', arrivalMs: 3.5 }])
})

test('reads a plain trace, in seconds or milliseconds', () => {
  const parse = lineParser('plain')

  expect(parse('{"arrival":1.5,"prompt_tokens":10,"answer_tokens":3,"user":"a"}', 1)).toEqual([
    { id: 'r1', arrivalMs: 1_500, promptTokens: 10, answerTokens: 3 },
  ])
  expect(parse('{"arrival_ms":40,"prompt_tokens":10,"answer_tokens":3}', 2)).toMatchObject([{ arrivalMs: 40 }])
})

test('reads a plain CSV by its header, whatever the order and the other columns', () => {
  const parse = lineParser('plain-csv')

  expect(parse('user, "answer_tokens", arrival, prompt_tokens', 1)).toEqual([])
  expect(parse('bob, 3, 0.25, 10', 2)).toEqual([{ id: 'r2', arrivalMs: 250, promptTokens: 10, answerTokens: 3 }])
  expect(parse('bob,3,,10', 3)).toEqual({ fault: 'expected arrival to be a number of 0 or more, found ""' })
  expect(parse('bob,3', 4)).toEqual({ fault: 'expected 4 cells as in the header, found 2' })
})

test.each([
  ['plain', '{"arrival":-1,"prompt_tokens":4,"answer_tokens":1}', 'expected arrival to be a number of 0 or more, found -1'],
  ['plain', '{"arrival":0,"prompt_tokens":4,"answer_tokens":0}', 'expected answer_tokens to be a whole number of 1 or more, found 0'],
  ['plain', '{"arrival":0,"prompt_tokens":"4","answer_tokens":1}', 'expected prompt_tokens to be a number of 0 or more, found "4"'],
  ['mooncake', 'no json', 'expected a JSON object, found "no json"'],
  [
    'mooncake',
    '{"timestamp":1,"input_length":-4,"output_length":1,"hash_ids":[]}',
    'expected input_length to be a number of 0 or more, found -4',
  ],
  ['mooncake', '{"timestamp":1,"input_length":4,"output_length":1,"hash_ids":["a"]}', 'expected hash_ids to be a list of numbers'],
  ['azure', 'yesterday,1,2', 'expected a time like'],
  ['azure', '2023-11-16 18:15:46.68,1', 'expected GeneratedTokens to be a number'],
  ['agentic', '{"id":"x"}', 'expected a session with id, block_size and requests'],
  ['agentic', '{"id":"x","block_size":64,"requests":[{"t":0,"in":1,"out":1}]}', 'turn 0: expected blocks as pairs'],
  ['vllm', '{"input_toks":5}', 'expected output_toks to be a number'],
] as const)('says what is wrong in a %s line: %s', (form, text, fault) => {
  expect(lineParser(form)(text, 2)).toEqual({ fault: expect.stringContaining(fault) })
})

test('tells the form from the first line', () => {
  expect([mooncake, session, 'TIMESTAMP,ContextTokens', '{"input_toks":1}', '{}', 'x', ...plain].map(formOf)).toEqual([
    'mooncake',
    'agentic',
    'azure',
    'vllm',
    undefined,
    undefined,
    'plain',
    'plain-csv',
    undefined,
  ])
})

const published = [
  ['mooncake/conversation_trace.jsonl.gz', 12_031, 12_035, 342.6],
  ['azure/AzureLLMInferenceTrace_conv.csv.gz', 19_366, 1_155, 211],
  ['agentic/sessions.jsonl.gz', 8_895, 113_754, 432],
  ['vllm-rtx4090/workload.jsonl', 300, 857, 652.5],
] as const

describe.each(published)('%s', (name, rows, prompt, answer) => {
  const { path, missing } = findData(name)

  test.skipIf(missing !== undefined)(`has the published rows and mean lengths${missing === undefined ? '' : ` (${missing})`}`, async () => {
    const { requests } = await readTrace(path)

    expect(requests).toHaveLength(rows)
    expect(Math.abs(mean(requests.map(({ promptTokens }) => promptTokens)) / prompt - 1)).toBeLessThan(0.001)
    expect(Math.abs(mean(requests.map(({ answerTokens }) => answerTokens)) / answer - 1)).toBeLessThan(0.002)
  })
})
