import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readScenario } from '@infermesh/scenario/files'
import { expect, test } from 'vitest'
import { silent } from '../output/progress.ts'
import { type RunOptions, runScenario } from '../run-scenario.ts'
import type { Alteration } from '../worlds/virtual-network.ts'
import { firstDifference, proveRun } from './prove.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'infermesh-prove-'))
const small = join(import.meta.dirname, '../../../../scenarios/small.yaml')

/** An operator whose timers are as long as the computer's own clock happens to make them. */
const ambientClock: Alteration = ({ role }, builder) => {
  const machine = builder.make()
  if (role !== 'operator') return machine
  return {
    handle: (input, now) =>
      machine
        .handle(input, now)
        .map((effect) =>
          effect.type === 'setTimer' ? { ...effect, after: effect.after + (Math.floor(performance.now() * 1e4) % 97) } : effect,
        ),
    ...(machine.validate && { validate: machine.validate.bind(machine) }),
  }
}

async function prove(options: Pick<RunOptions, 'world' | 'alter'>) {
  const scenario = await readScenario(small)
  const first = await runScenario(scenario, { ...options, file: small, progress: silent, out: folder() })
  return await proveRun(scenario, first, { ...options, file: small })
}

test.each(['message', 'stack'] as const)('a run in %s is proven the same under load', async (world) => {
  expect(await prove({ world })).toMatchObject({ held: true })
})

test('a machine that reads the computer’s clock is found out, with the first record that differs', async () => {
  const { held, actual } = await prove({ world: 'message', alter: ambientClock })

  expect(held).toBe(false)
  expect(actual).toMatch(/^first different record, line \d+: first \{"seq":\d+,"at":\d+,"peer":".*\}, then \{"seq":\d+,.*\}$/)
})

test('the first difference of two files is a line of both, or the end of one', async () => {
  const file = (...lines: readonly string[]): string => {
    const path = join(folder(), 'lines')
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
    return path
  }

  expect(await firstDifference(file('a', 'b'), file('a', 'b'))).toBeUndefined()
  expect(await firstDifference(file('a', 'b', 'c'), file('a', 'x', 'c'))).toEqual({ line: 2, expected: 'b', found: 'x' })
  expect(await firstDifference(file('a'), file('a', 'b'))).toEqual({ line: 2, expected: undefined, found: 'b' })
  expect(await firstDifference(file('a', 'b'), file('a'))).toEqual({ line: 2, expected: 'b', found: undefined })
})
