import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from '../end-to-end/infermesh.ts'

/** Draws follow the ids of statements, and ids cover signatures: where every receipt is audited by the one verifier, no draw decides anything. */
const settled = ['network={ latency: 20ms }', 'parameters.audit={ ratePerMille: 1000 }', 'peers.verifier=1']

async function run(crypto: 'real' | 'sized', world: string) {
  const folder = emptyFolder()
  const out = join(folder, 'run')
  const changes = [...settled, `crypto=${crypto}`].flatMap((change) => ['--set', change])
  const { code, stderr } = await infermesh(['run', scenario('small.yaml'), '--world', world, '--out', out, '--json', ...changes], folder)
  expect(code, stderr).toBe(0)
  const result = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunResult
  return { result, trace: readFileSync(join(out, 'trace.jsonl'), 'utf8') }
}

/** Envelopes, and the digests over them. */
const masked = (text: string): string => text.replaceAll(/[0-9a-f]{32,}/g, (digits) => `<${digits.length} digits>`)
const judged = ({ checks }: RunResult) => checks.map(({ name, held }) => ({ name, held }))

test.each(['message', 'stack'])(
  'in %s, stand-ins for signatures lead to the same checks, metrics and trace',
  async (world) => {
    const [real, sized] = [await run('real', world), await run('sized', world)]

    expect(judged(sized.result)).toEqual(judged(real.result))
    expect(sized.result.metrics).toEqual(real.result.metrics)
    expect(masked(sized.trace).split('\n')).toEqual(masked(real.trace).split('\n'))
    expect(sized.trace).not.toBe(real.trace)
  },
  240_000,
)

test('a run with stand-ins says so, and is not audited', async () => {
  const folder = emptyFolder()
  const args = ['run', scenario('small.yaml'), '--world', 'message', '--set', 'crypto=sized', '--out', 'run', '--json']
  const { stdout } = await infermesh(args, folder)
  const { code, stderr } = await infermesh(['audit', 'run', '00'], folder)

  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'held', crypto: 'sized' })
  expect(stderr).toMatch(/audit: expected a run with real signatures, found crypto: sized/)
  expect(code).toBe(2)
})

test('stand-ins never get into processes', async () => {
  const { code, stdout, stderr } = await infermesh(
    ['run', scenario('small.yaml'), '--world', 'process', '--set', 'crypto=sized', '--json'],
    emptyFolder(),
  )

  expect(stdout + stderr).toMatch(/small\.yaml:\d+:\d+ crypto: expected real in the process world, found sized/)
  expect(code).toBe(2)
})
