import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyFolder, infermesh } from '../end-to-end/infermesh.ts'

interface Curve {
  readonly cells: readonly { readonly column: string; readonly sessions: number; readonly goodTurnsPerSecond: number }[]
  readonly held: readonly { readonly column: string; readonly context: number; readonly sessions: number }[]
}

test('draws the curve of conversations held against context length, as a table and as JSON', async () => {
  const args = ['serving', 'generated:24', '--curve', '--profile', 'h100x8-llama-3-70b', '--step-tokens', '8192', '--minutes', '20']
  const grid = ['--contexts', '0.5,1', '--sessions', '4,8,16,24', '--column', 'lru', '--column', 'lru+92%+host=8Mtok@200GB/s']
  const [text, json] = await Promise.all([
    infermesh([...args, ...grid], emptyFolder()),
    infermesh([...args, ...grid, '--json'], emptyFolder()),
  ])

  expect([text.code, json.code, json.stderr]).toEqual([0, 0, ''])
  expect(text.stdout).toMatch(/context +lru +lru\+92%\+host=8Mtok@200GB\/s/)
  const { cells, held } = JSON.parse(json.stdout) as Curve
  expect(cells).toHaveLength(2 * 4 * 2)
  const heldBy = (column: string, context: number) =>
    held.find((each) => each.column === column && each.context === context)?.sessions ?? -1
  expect(heldBy('lru', 0.5)).toBeGreaterThan(heldBy('lru', 1))
  expect(heldBy('lru+92%+host=8Mtok@200GB/s', 0.5)).toBeGreaterThanOrEqual(heldBy('lru', 0.5))
  for (const row of text.stdout.trimEnd().split('\n').slice(-2)) expect(row).toMatch(/^×(0\.5|1) +\d+ +\d+$/)
}, 60_000)

test('a line that is no request is told with file and line; skipped lines are counted, and what never fits is refused with the numbers', async () => {
  const folder = emptyFolder()
  const line = (tokens: unknown) => JSON.stringify({ timestamp: 0, input_length: tokens, output_length: 10, hash_ids: [1] })
  writeFileSync(join(folder, 'bad.jsonl'), [line(100), 'no request', line('many'), line(900_000)].join('\n'))

  const [strict, lenient] = await Promise.all([
    infermesh(['serving', 'bad.jsonl', '--json'], folder),
    infermesh(['serving', 'bad.jsonl', '--skip-bad', '--json'], folder),
  ])

  expect(strict).toMatchObject({ code: 2, stdout: '' })
  expect(strict.stderr).toMatch(/^bad\.jsonl:2: expected a JSON object, found "no request"/)
  const { metrics, refused } = JSON.parse(lenient.stdout)
  expect(metrics).toMatchObject({ 'trace.skipped_lines': 2, 'requests.finished': 1, 'requests.refused': 1 })
  expect(refused[0].reason).toMatch(/at most 426000 tokens .* got 900000 \+ 10/)
})

test('the offline optimum is a policy, where the trace is known in advance', async () => {
  const common = [
    'serving',
    'generated:6',
    '--block-size',
    '64',
    '--blocks',
    '9000',
    '--profile',
    'h100x8-llama-3-70b',
    '--json',
    '--policy',
  ]
  const [lru, offline] = await Promise.all(['lru', 'offline'].map((policy) => infermesh([...common, policy], emptyFolder())))

  const hits = (run: typeof lru): Readonly<Record<string, number>> => JSON.parse(run?.stdout ?? '').metrics
  expect(hits(offline)['kv.cache_hit_rate']).toBeGreaterThan(hits(lru)['kv.cache_hit_rate'] ?? 1)
  expect(hits(offline)['kv.hit_rate']).toBeGreaterThan(hits(lru)['kv.hit_rate'] ?? 1)
}, 30_000)

test.each([
  [['nowhere.jsonl'], 'nowhere.jsonl'],
  [['generated:none'], 'generated:<sessions>: expected a whole number from 1, found none'],
  [['generated:2', '--policy', 'magic'], 'expected a policy, one of lru, drop'],
  [['generated:2', '--tier', 'tape=1tok'], 'one of host, disk, peer'],
  [['generated:2', '--hints', 'soon'], '--hints: expected a sigma from 0 to 10, found soon'],
  [['generated:2', '--curve', '--sessions', '2', '--column', 'lru+magic'], '--column: expected a policy and what is added'],
  [['generated:2', '--curve', '--sessions', '2', '--contexts', '0'], '--contexts: expected scales above 0'],
  [['generated:2', '--curve', '--sessions', '5'], '--sessions: expected at most 2'],
])('says what is wrong with %j', async (args, words) => {
  const { code, stderr } = await infermesh(['serving', ...args], emptyFolder())

  expect(code).toBe(2)
  expect(stderr).toContain(words)
})
