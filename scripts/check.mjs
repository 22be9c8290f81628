// Types, lint, format, layers, dead code: everything that needs no running code.
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root, run } from './steps.mjs'

function* tsconfigs(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* tsconfigs(path)
    else if (entry.name === 'tsconfig.json') yield path
  }
}

export function check() {
  const types = [...tsconfigs(root)].map((path) => run(`types ${relative(root, path)}`, 'tsc', ['-p', path]))
  const rest = [
    run('lint and format', 'biome', ['check', '--error-on-warnings', '.']),
    run('layers', 'node', ['scripts/layers.mjs']),
    run('unused code', 'knip', ['--no-config-hints', '--no-progress']),
  ]
  return [...types, ...rest]
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const results = check()
  process.exitCode = results.every(Boolean) ? 0 : 1
}
