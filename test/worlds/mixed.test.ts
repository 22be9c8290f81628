import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from '../end-to-end/infermesh.ts'

interface Result {
  readonly outcome: string
  readonly peers: number
  readonly traceHash: string
  readonly checks: readonly { readonly name: string; readonly held: boolean; readonly actual: string }[]
  readonly metrics: Readonly<Record<string, number | boolean>>
}

/** The shipped scenario with its load and faults moved together. */
const short = [
  ...['load.0.until=20s', 'load.1.until=20s'],
  ...['faults.0={ at: 11s, crash: owner-0, for: 6s }', 'faults.1.at=12s', 'faults.1.for=4s', 'faults.2.at=12s', 'faults.2.for=4s'],
  'expect=[requests.success_rate >= 99.5%, failover.takeovers >= 1, billing.duplicates == 0, settlement.pending == 0]',
].flatMap((change) => ['--set', change])

async function run(...more: readonly string[]): Promise<Result> {
  const { stdout, stderr } = await infermesh(
    ['run', scenario('mixed.yaml'), '--world', 'stack', '--json', ...short, ...more],
    emptyFolder(),
  )
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout) as Result
}

const unheld = ({ checks }: Result): readonly string[] => checks.filter(({ held }) => !held).map(({ name, actual }) => `${name}: ${actual}`)

test('thousands of clients as messages and fifteen peers on libp2p are one network, and the same run in two processes', async () => {
  const [first, second] = [await run(), await run()]

  expect(unheld(first)).toEqual([])
  expect(first.peers).toBeGreaterThan(2_500)
  expect(Number(first.metrics['border.requests'])).toBeGreaterThanOrEqual(Number(first.metrics['requests.total']))
  expect(Number(first.metrics['border.gossip'])).toBeGreaterThan(100)
  expect(second.traceHash).toBe(first.traceHash)
}, 300_000)

test.each([
  ['the settlers and verifiers on libp2p, all else messages', '{ stack: [settler, verifier] }'],
  ['one client and its gateways on libp2p, the ledger and the operators messages', '{ stack: [gateway, client-0-3] }'],
])(
  'any line between the two kinds holds: %s',
  async (_, fidelity) => {
    expect(unheld(await run('--set', `fidelity=${fidelity}`))).toEqual([])
  },
  300_000,
)
