import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import type { CrowdPlan } from '../../test/crowd-program.ts'

const plan: CrowdPlan = {
  ...{ peers: 14, degree: 5, settleMs: 3000, messages: 6, bytes: 500, untilMs: 12_000, wire: 'plain', jitter: true },
  // Fewer than a peer's neighbours, so that gossipsub has to draw.
  gossip: { degree: 3, degreeLow: 2, degreeHigh: 4, floodPublish: false },
}

async function crowd(seed: string, changes: Partial<CrowdPlan> = {}) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    new URL('../../test/crowd-run.ts', import.meta.url).pathname,
    seed,
    JSON.stringify({ ...plan, ...changes }),
  ])
  return JSON.parse(stdout)
}

/** Keeps a core busy until it is told to stop. */
async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const busy = new Worker('for (;;) {}', { eval: true })
  try {
    return await work()
  } finally {
    await busy.terminate()
  }
}

test('one seed is one run in every process, on a busy machine too, and another seed is another', async () => {
  const [first, other] = await Promise.all([crowd('a'), crowd('b')])
  const again = await underLoad(() => crowd('a'))

  expect(first).toMatchObject({ delivered: 78, expected: 78, reached: [] })
  expect(again).toEqual(first)
  expect(other.traceHash).not.toBe(first.traceHash)
  expect(other.inputHash).not.toBe(first.inputHash)
})

test('Noise and Yamux on the virtual link give equal runs too, and no peer reaches for reality', async () => {
  const [first, again] = await Promise.all([crowd('a', { wire: 'full' }), crowd('a', { wire: 'full' })])

  expect(first).toMatchObject({ delivered: 78, expected: 78, reached: [] })
  expect(again).toEqual(first)
})
