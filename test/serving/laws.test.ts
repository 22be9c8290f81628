import { expect, test } from 'vitest'
import { emptyFolder, infermesh } from '../end-to-end/infermesh.ts'

interface LawRow {
  readonly name: string
  readonly source: string
  readonly expected: number
  readonly measured: number
  readonly interval: readonly [number, number]
  readonly held: boolean
}

test('laws prints every law with its source, and exits 0 when all held', async () => {
  const { code, stdout, stderr } = await infermesh(['laws', '--json'], emptyFolder())

  const { laws } = JSON.parse(stdout) as { readonly laws: readonly LawRow[] }
  expect([stderr, code]).toEqual(['', 0])
  expect(laws.filter(({ held }) => !held)).toEqual([])
  expect(laws.length).toBeGreaterThan(40)
  for (const { source, measured, interval, held } of laws) {
    expect(source).not.toBe('')
    expect(held).toBe(measured >= interval[0] && measured <= interval[1])
  }
})

test('laws takes the front of a name, and says which there are when none fits', async () => {
  const folder = emptyFolder()
  const [some, none] = await Promise.all([infermesh(['laws', 'kv.'], folder), infermesh(['laws', 'gravity'], folder)])

  expect(some.stdout).toMatch(/kv\.internal-waste.*held/)
  expect(some.stdout).not.toContain('privacy.')
  expect(none).toMatchObject({ code: 2, stdout: '' })
  expect(none.stderr).toContain('laws: expected one of kv.internal-waste,')
})
