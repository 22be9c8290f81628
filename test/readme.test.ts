import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyFolder, infermesh, root } from './end-to-end/infermesh.ts'

const commands = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^npx infermesh ([^#\n]+)/gm)].map(([, line = '']) =>
  line.trim().split(/\s+/),
)

/** `up` and what works on it are run by the test of a testnet, `audit` by the test of a run. */
const runElsewhere = ['up', 'ps', 'fault', 'logs', 'down', 'audit']

test.each(commands.filter(([name]) => name === 'run'))(
  'the README’s `%s %s` runs, in virtual time here',
  async (...line) => {
    const args = line.map((word) => (word.startsWith('scenarios/') ? join(root, word) : word))

    const { code, stderr } = await infermesh([...args, '--world', 'message'], emptyFolder())

    expect(code, stderr).toBe(0)
  },
  120_000,
)

test('every other command of the README is run by a test of its own', () => {
  expect(commands.map(([name]) => name).filter((name) => name !== 'run' && !runElsewhere.includes(name ?? ''))).toEqual([])
})
