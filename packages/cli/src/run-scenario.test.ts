import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimer } from '@infermesh/kernel'
import type { PeerEffect } from '@infermesh/protocol'
import { readScenario } from '@infermesh/scenario/files'
import { expect, test } from 'vitest'
import { silent } from './output/progress.ts'
import { runScenario } from './run-scenario.ts'
import { RunBroke } from './user-error.ts'
import type { Alteration } from './worlds/virtual-network.ts'

const small = join(import.meta.dirname, '../../../scenarios/small.yaml')

/** An operator that does something else than it should from 4 s on. */
const broken =
  (instead: () => readonly PeerEffect[]): Alteration =>
  ({ name }, builder) => {
    const machine = builder.make()
    return name === 'operator-0' ? { handle: (input, now) => (now < 4_000 ? machine.handle(input, now) : instead()) } : machine
  }

const broke = async (instead: () => readonly PeerEffect[]): Promise<RunBroke> => {
  const set = ['load.0.rate=3/s']
  const scenario = await readScenario(small, { set, seed: 5 })
  const out = mkdtempSync(join(tmpdir(), 'infermesh-broke-'))
  const run = runScenario(scenario, { file: 'small.yaml', set, out, world: 'message', progress: silent, alter: broken(instead) })
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RunBroke)) throw error
  return error
}

test('a machine that throws ends the run with its peer, its input, the line that does it again and where it threw', async () => {
  const error = await broke(() => {
    throw new Error('no such token')
  })

  const [what, again] = error.message.split('\n')
  expect(what).toMatch(/^operator-0 failed on input (gossip on|request|timer) .* at 4\d{3} ms \(seed 5\): no such token$/)
  expect(again).toBe("replay: infermesh run small.yaml --world message --seed 5 --set 'load.0.rate=3/s'")
  expect(error.report()).toContain('Error: no such token\n    at')
})

test('a network that spins at one instant ends with the peers that spin', async () => {
  const error = await broke(() => [setTimer('again', 0)])

  expect(error.message).toMatch(/events at 4\d{3} ms without time moving \(seed 5\); busiest: operator-0\. /)
  expect(error.message).toContain('\nreplay: infermesh run small.yaml')
})

test('the same peers run over Noise and Yamux on virtual links, and their frames take other times', async () => {
  const run = async (wire: string) => {
    const scenario = await readScenario(small, { set: [`network={ latency: { median: 20ms, p99: 80ms }, wire: ${wire} }`, 'until=5s'] })
    const out = mkdtempSync(join(tmpdir(), 'infermesh-wire-'))
    const { result } = await runScenario({ ...scenario, expect: [] }, { file: small, out, world: 'stack', progress: silent })
    return result
  }
  const [full, plain] = [await run('full'), await run('plain')]

  expect(full.metrics['requests.total']).toBe(plain.metrics['requests.total'])
  expect(full.traceHash).not.toBe(plain.traceHash)
}, 30_000)
