import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundlePeer } from './peer-bundle.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'infermesh-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('an unchanged program is the same file, and is not written again', async () => {
  const entry = program("console.log('one')")

  const first = await bundlePeer({ entry, cache: join(folder, 'cache') })
  const written = statSync(first.file).ino
  const second = await bundlePeer({ entry, cache: join(folder, 'cache') })

  expect(second).toEqual({ ...first, isNew: false })
  expect(first.isNew).toBe(true)
  expect(statSync(second.file).ino).toBe(written)
})

test('a changed program is another file', async () => {
  const first = await bundlePeer({ entry: program("console.log('one')"), cache: folder })
  const second = await bundlePeer({ entry: program("console.log('two')"), cache: folder })

  expect(second.file).not.toBe(first.file)
  expect(second.isNew).toBe(true)
})

test('code that calls require runs in a bundle', async () => {
  writeFileSync(join(folder, 'old.cjs'), "module.exports = require('node:path').basename('/a/b')")
  const entry = program("import old from './old.cjs'\nconsole.log(old)")

  const { file } = await bundlePeer({ entry, cache: join(folder, 'cache') })

  expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('b\n')
})

test('a program that does not build is refused with its place', async () => {
  const entry = program("import { missing } from './nowhere.ts'\nmissing()")

  await expect(bundlePeer({ entry, cache: folder })).rejects.toThrow(/entry\.ts:1:24: ERROR: Could not resolve ".\/nowhere\.ts"/)
})

function program(source: string): string {
  const entry = join(folder, 'entry.ts')
  writeFileSync(entry, source)
  return entry
}
