import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TRACE_FORMAT } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { RunFiles } from './run-files.ts'

const started = { type: 'runStarted', scenario: 'small', world: 'message', seed: 1 }

/** A run folder whose trace begins with this event. */
function folderWith(event: object | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'infermesh-run-'))
  writeFileSync(join(folder, 'genesis.json'), '{}')
  if (event !== undefined)
    writeFileSync(join(folder, 'trace.jsonl'), `${JSON.stringify({ seq: 0, at: 0, peer: 'world', event })}\n{"seq":1}\n`)
  return folder
}

test('a trace of this version is read', () => {
  expect(() => new RunFiles(folderWith({ ...started, format: TRACE_FORMAT }))).not.toThrow()
})

test.each([
  ['a later version', { ...started, format: TRACE_FORMAT + 1 }, `found format ${TRACE_FORMAT + 1}, which another version made`],
  ['the version that named no format', started, 'found format 1, which another version made'],
  ['something else', { type: 'dropped', queue: 'line', count: 1 }, 'found none'],
  ['nobody', undefined, 'found none'],
])('a trace of %s is refused with both formats', (_who, event, found) => {
  expect(() => new RunFiles(folderWith(event))).toThrow(found)
  expect(() => new RunFiles(folderWith(event))).toThrow(`expected a trace of format ${TRACE_FORMAT}`)
})
