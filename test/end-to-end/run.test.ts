import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findData } from '@infermesh/serving/files'
import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from './infermesh.ts'

interface Result {
  readonly outcome: string
  readonly checks: readonly { readonly name: string; readonly held: boolean; readonly actual: string }[]
  readonly metrics: Readonly<Record<string, number | boolean>>
}

const unheld = (result: Result): readonly string[] =>
  result.checks.filter(({ held }) => !held).map(({ name, actual }) => `${name}: ${actual}`)

/** The flagship with its load and faults moved together, so that the gate stays short; every receipt audited, since few come. */
const shortFlagship = [
  '--set',
  'load.0.until=30s',
  '--set',
  'load.1.until=30s',
  '--set',
  'faults.0.at=14s',
  '--set',
  'faults.1.at=24s',
  '--set',
  'parameters.audit={ ratePerMille: 1000 }',
]

test('the flagship holds in processes: the owner is killed under load, a standby takes over, each request is billed once', async () => {
  const folder = emptyFolder()

  const { code, stdout, stderr } = await infermesh(
    ['run', scenario('private-owner-failover.yaml'), '--json', '--world', 'process', ...shortFlagship],
    folder,
  )

  const result = JSON.parse(stdout) as Result
  expect(unheld(result), stderr).toEqual([])
  expect(code).toBe(0)
  expect(result.metrics['requests.success_rate']).toBeGreaterThanOrEqual(0.995)
  expect(result.metrics['billing.duplicates']).toBe(0)
  expect(result.metrics['settlement.conserved']).toBe(true)
  expect(result.metrics['settlement.final']).toBeGreaterThan(0)
  await auditOne(folder)
}, 180_000)

async function auditOne(folder: string): Promise<void> {
  const run = join(folder, 'runs', 'private-owner-failover-1')
  const { requests } = JSON.parse((await infermesh(['audit', run, '--list', '--json'], folder)).stdout) as {
    requests: readonly { requestId: string }[]
  }
  const [first] = requests
  const audit = await infermesh(['audit', run, (first?.requestId ?? '').slice(0, 16)], folder)

  expect(audit.code, audit.stderr).toBe(0)
  expect(audit.stdout).toMatch(/settled in\s+batch [0-9a-f]{16} at height \d+/)
  expect(audit.stdout).toContain('Every signature above was checked')
  corruptLog(run)
  expect((await infermesh(['audit', run, (first?.requestId ?? '').slice(0, 16)], folder)).code).not.toBe(0)
}

/** One changed byte in one logged envelope. */
function corruptLog(run: string): void {
  const file = join(run, 'log.jsonl')
  const lines = readFileSync(file, 'utf8').split('\n')
  const at = lines.findLastIndex((line) => line.includes('"entry"'))
  lines[at] = (lines[at] ?? '').replace(/([0-9a-f])"}$/, (_, digit: string) => `${digit === '0' ? '1' : '0'}"}`)
  writeFileSync(file, lines.join('\n'))
}

const azure = findData('azure/AzureLLMInferenceTrace_conv.csv.gz')

test.skipIf(azure.missing !== undefined)(
  `the flagship holds on the real Azure trace${azure.missing === undefined ? '' : `: ${azure.missing}`}`,
  async () => {
    const atOwnPace = ['--set', 'load.0.rate=5/s', '--set', 'load.1.rate=5/s']
    const args = ['--set', `load.0.trace=${azure.path}`, '--set', `load.1.trace=${azure.path}`, ...atOwnPace]

    const { stdout, stderr } = await infermesh(
      ['run', scenario('private-owner-failover.yaml'), '--json', '--world', 'process', ...shortFlagship, ...args],
      emptyFolder(),
    )

    expect(unheld(JSON.parse(stdout) as Result), stderr).toEqual([])
  },
  180_000,
)

test('without a standby requests fail closed, at once, and nothing is charged', async () => {
  const { code, stdout } = await infermesh(['run', scenario('private-owner-offline.yaml'), '--json', '--world', 'process'], emptyFolder())

  expect(unheld(JSON.parse(stdout) as Result)).toEqual([])
  expect(code).toBe(0)
}, 180_000)

test.each([
  [
    'an unknown peer in a fault',
    ['--set', 'faults.0.crash=nobody-0'],
    /faults\.0\.crash: expected a peer of this scenario .* found nobody-0/,
  ],
  [
    'a missing trace file',
    ['--set', 'load.0.trace=nowhere.csv'],
    /load\.0\.trace: expected a trace file, JSONL or CSV, gzip too, found no file nowhere\.csv/,
  ],
  ['an unknown metric', ['--set', 'expect.0=requests.sucess_rate > 1'], /expect\.0: expected a known metric/],
  ['an unknown profile', ['--set', 'peers.owner.profile=abacus'], /expected a profile out of .* found abacus/],
])('%s starts nothing and exits with 2', async (_, args, message) => {
  const { code, stdout, stderr } = await infermesh(['run', scenario('private-owner-failover.yaml'), ...args], emptyFolder())

  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(message)
})
