// A package imports only what its own package.json lists, and package.json lists only lower layers.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './steps.mjs'

/** What each package may build on. Anything not here is a violation. */
export const layers = {
  kernel: [],
  protocol: ['kernel'],
  serving: ['kernel'],
  peers: ['kernel', 'protocol', 'serving'],
  sim: ['kernel'],
  libp2p: ['kernel', 'sim'],
  testnet: ['kernel', 'libp2p'],
  scenario: ['kernel', 'protocol', 'peers'],
  analysis: ['kernel', 'protocol', 'serving', 'scenario'],
  cli: ['kernel', 'protocol', 'serving', 'peers', 'sim', 'libp2p', 'testnet', 'scenario', 'analysis'],
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name !== 'test-support') yield* sources(path)
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts')) yield path
  }
}

const problems = []
for (const name of readdirSync(join(root, 'packages'))) {
  const allowed = layers[name]
  if (allowed === undefined) {
    problems.push(`packages/${name}: no layer is laid down for it in scripts/layers.mjs`)
    continue
  }
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  const listed = Object.keys({ ...manifest.dependencies })
  for (const dependency of listed.filter((entry) => entry.startsWith('@infermesh/'))) {
    if (!allowed.includes(dependency.slice('@infermesh/'.length)))
      problems.push(`packages/${name}/package.json: may not depend on ${dependency}`)
  }
  for (const file of sources(join(root, 'packages', name, 'src'))) {
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^'"]*from '([^'.][^']*)'/gm)) {
      if (specifier.startsWith('node:')) continue
      const wanted = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]
      if (!listed.includes(wanted))
        problems.push(`${file.slice(root.length + 1)}: imports ${wanted}, which packages/${name}/package.json does not list`)
    }
  }
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
