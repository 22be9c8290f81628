import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')

/** Runs one of the project's own tools; true when it succeeds. */
export function run(label, tool, args, options = {}) {
  const started = process.hrtime.bigint()
  const { status } = spawnSync(join(bin, tool), args, {
    cwd: root,
    stdio: 'inherit',
    ...options,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...options.env },
  })
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${label} (${seconds.toFixed(1)} s)`)
  return status === 0
}
