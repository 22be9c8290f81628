import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from '../end-to-end/infermesh.ts'

test('conversations that are more than a GPU holds thrash; host memory, a gate and hints each move the cliff', async () => {
  const [tiered, bare, gated, hinted] = await Promise.all([
    metricsOf('idle-conversations.yaml'),
    metricsOf('idle-conversations.yaml', noTier),
    metricsOf('idle-conversations.yaml', noTier, 'peers.operator.engine.admission=92%'),
    metricsOf('idle-conversations.yaml', noTier, 'peers.operator.engine.policy=hint'),
  ])

  expect(bare['kv.recomputed_tokens']).toBeGreaterThan(100 * value(tiered, 'kv.recomputed_tokens'))
  expect(bare['goodput.turn_share']).toBeLessThan(0.8)
  for (const helped of [tiered, gated, hinted]) {
    expect(helped['goodput.turn_share']).toBeGreaterThan(0.88)
    expect(helped['goodput.turns_per_s']).toBeGreaterThan(1.1 * value(bare, 'goodput.turns_per_s'))
  }
}, 180_000)

test('a request that goes where its front is in memory is read in a fraction of the time', async () => {
  const [prefix, uniform] = await Promise.all([
    metricsOf('prefix-routing.yaml'),
    metricsOf('prefix-routing.yaml', 'peers.gateway.routing=uniform'),
  ])

  expect(prefix['kv.hit_rate']).toBeGreaterThan(2 * value(uniform, 'kv.hit_rate'))
  expect(prefix['requests.ttft_ms.mean']).toBeLessThan(0.4 * value(uniform, 'requests.ttft_ms.mean'))
}, 120_000)

test('operators that are killed with their conversations lose no request; the storm of reading again is counted', async () => {
  const churned = await metricsOf('operator-churn.yaml')
  const calm = await metricsOf('operator-churn.yaml', 'faults=[]')

  expect(churned).toMatchObject({ 'requests.success_rate': 1, 'requests.unfinished': 0, 'billing.duplicates': 0 })
  expect(churned['kv.storm_tokens']).toBeGreaterThan(4 * value(calm, 'kv.storm_tokens'))
}, 120_000)

const noTier = 'peers.operator.engine.tiers=[]'

type Metrics = Readonly<Record<string, number>>

async function metricsOf(name: string, ...changes: readonly string[]): Promise<Metrics> {
  const folder = emptyFolder()
  const set = changes.flatMap((change) => ['--set', change])
  const { stdout, stderr } = await infermesh(['run', scenario(name), ...set, '--world', 'message', '--json', '--out', folder], folder)
  expect(stderr).not.toContain('expected')
  return (JSON.parse(stdout) as { readonly metrics: Metrics }).metrics
}

function value(metrics: Metrics, name: string): number {
  const found = metrics[name]
  if (found === undefined) throw new Error(`the run has no ${name}`)
  return found
}
