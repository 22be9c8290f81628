import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where test data lie: `INFERMESH_DATA`, or `../shared/data` beside the checkout. */
const DATA = process.env.INFERMESH_DATA ?? fileURLToPath(new URL('../../../../../../shared/data', import.meta.url))

/** A file of published test vectors, or the path a test must name when it skips for want of it. */
export function vectorFile<Shape>(name: string): { readonly path: string; readonly vectors: Shape | undefined } {
  const path = join(DATA, 'vectors', name)
  if (!existsSync(path)) return { path, vectors: undefined }
  const vectors: Shape = JSON.parse(readFileSync(path, 'utf8'))
  return { path, vectors }
}
