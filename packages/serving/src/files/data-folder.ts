import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the public data set: in `INFERMESH_DATA`, or in `shared/data` beside the repository. */
export function dataPath(name: string): string {
  const folder = process.env.INFERMESH_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
  return join(folder, name)
}

/** The path if the file is there, else the words with which a test is skipped. */
export function findData(name: string): { readonly path: string; readonly missing: string | undefined } {
  const path = dataPath(name)
  return { path, missing: existsSync(path) ? undefined : `needs ${path}, which is not there` }
}
