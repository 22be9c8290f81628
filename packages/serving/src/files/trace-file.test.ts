import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTrace } from './trace-file.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trace-'))
})
afterAll(() => rm(folder, { recursive: true }))

const row = (at: number): string => `{"timestamp":${at},"input_length":9,"output_length":1,"hash_ids":[${at}]}`

test('reads plain and compressed files alike', async () => {
  const text = `${row(1)}\r\n\r\n${row(2)}`
  const [plain, packed] = [await written('a.jsonl', text), await written('a.jsonl.gz', gzipSync(text))]

  const read = await readTrace(plain)

  expect(read).toMatchObject({ form: 'mooncake', skipped: 0 })
  expect(read.requests.map(({ arrivalMs }) => arrivalMs)).toEqual([1, 2])
  expect(await readTrace(packed)).toEqual(read)
})

test('names the file and the line of what it cannot read, or counts it when told to', async () => {
  const path = await written('bad.jsonl', `${row(1)}\n{"timestamp":"late"}\n${row(3)}\n`)

  await expect(readTrace(path)).rejects.toThrow(`${path}:2: expected timestamp to be a number of 0 or more, found "late"`)
  expect(await readTrace(path, { skipBad: true })).toMatchObject({ skipped: 1, requests: [{ id: 'r1' }, { id: 'r3' }] })
})

test('stops at the limit', async () => {
  const path = await written('long.jsonl', [1, 2, 3, 4].map(row).join('\n'))

  expect((await readTrace(path, { limit: 2 })).requests).toHaveLength(2)
})

test('says what a trace looks like when the file is none', async () => {
  const [strange, empty] = [await written('strange.txt', 'hello'), await written('empty.txt', '')]

  await expect(readTrace(strange)).rejects.toThrow('expected a Mooncake, Azure, agentic, vLLM or plain trace, found "hello"')
  await expect(readTrace(empty)).rejects.toThrow('found an empty file')
  await expect(readTrace(join(folder, 'absent'))).rejects.toThrow('ENOENT')
})

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}
