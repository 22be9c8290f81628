#!/usr/bin/env node
// Starts on whatever Node the machine has and hands over to the project's own Node 24.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const start = join(here, 'start.mjs')
const [major] = process.versions.node.split('.').map(Number)

if (major >= 24) {
  await import(start)
} else {
  const own = join(here, '..', '..', '..', 'node_modules', '.bin', 'node')
  if (!existsSync(own)) {
    console.error(`infermesh needs Node 24, found ${process.versions.node} and no ${own}. Run \`npm run setup\` first.`)
    process.exit(2)
  }
  const child = spawn(own, [start, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 2 : 128)
  })
}
