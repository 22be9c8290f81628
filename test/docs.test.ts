import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { referencePages } from '../scripts/reference-pages.ts'

test.each(Object.entries(referencePages()))('%s is what the code says; `npm run docs` writes it', (path, text) => {
  expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(text)
})
