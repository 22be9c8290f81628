// Every decoder that takes bytes from strangers, against a million hostile inputs each. Arguments: how many, seed.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './steps.mjs'

const targets = readdirSync(join(root, 'packages')).flatMap((name) => {
  const folder = join(root, 'packages', name, 'fuzz')
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join('packages', name, 'fuzz', file))
    : []
})
const results = targets.map((target) => run(target, 'node', [target, ...process.argv.slice(2)]))
process.exitCode = results.every(Boolean) ? 0 : 1
