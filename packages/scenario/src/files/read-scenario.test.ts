import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readScenario } from './read-scenario.ts'

const scenarios = join(import.meta.dirname, '../../../../scenarios')

function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'infermesh-')), name)
  writeFileSync(path, text)
  return path
}

test('every shipped scenario reads', async () => {
  for (const name of readdirSync(scenarios).filter((entry) => /\.(yaml|ts)$/.test(entry))) await readScenario(join(scenarios, name))
})

test('an unknown peer in a fault is told with file, line and column', async () => {
  const path = file('bad.yaml', 'name: bad\nabout: x\npeers:\n  gateway: 1\nfaults:\n  - { at: 3s, crash: nobody-0 }\n')

  await expect(readScenario(path)).rejects.toThrow(
    `${path}:6:22 faults.0.crash: expected a peer of this scenario (gateway-0), found nobody-0`,
  )
})

test.each([
  ['stack: [gateway, nobody]', '5:30 fidelity.stack.1: expected a peer of this scenario (gateway-0), found nobody'],
  ['stack: [gateway], message: some', '5:40 fidelity.message: expected one of rest, found "some"'],
  ['stack: []', '5:20 fidelity.stack: expected at least 1, found []'],
  ['stack: 3', '5:20 fidelity.stack: expected text or a list, found 3'],
  ['message: rest', '5:11 fidelity.stack: expected text or a list, found nothing'],
])('a fidelity of { %s } is told with line and column', async (fidelity, told) => {
  const path = file('mixed.yaml', `name: mixed\nabout: x\npeers:\n  gateway: 1\nfidelity: { ${fidelity} }\n`)

  await expect(readScenario(path)).rejects.toThrow(`${path}:${told}`)
})

test('broken YAML is told with file, line and column', async () => {
  const path = file('broken.yaml', 'name: a\nabout: "x\n')

  await expect(readScenario(path)).rejects.toThrow(new RegExp(`^${path}:\\d+:\\d+ expected YAML, found `))
})

test('a missing file is told by name', async () => {
  await expect(readScenario('nowhere.yaml')).rejects.toThrow('nowhere.yaml expected a scenario file')
})

test('a value is overridden by its path, and a wrong path is refused', async () => {
  const path = join(scenarios, 'private-owner-failover.yaml')

  expect((await readScenario(path, { set: ['load.0.rate=9/s'], seed: 3 })).load[0]?.rate).toBe(9)
  await expect(readScenario(path, { set: ['load.9.rate=9/s'] })).rejects.toThrow('expected a path that is in the scenario')
})

test('a typed script is a scenario too', async () => {
  const path = file('typed.ts', "export default { name: 'typed', about: 'x', peers: { gateway: 1 + 1 } }\n")

  expect((await readScenario(path)).peers).toHaveLength(2)
})
