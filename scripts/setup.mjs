// Runs on whatever Node the machine has (20 or later): plain JavaScript, no dependencies.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamp = join(root, 'node_modules', '.infermesh-setup')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

const [major] = process.versions.node.split('.').map(Number)
if (major < 20) {
  console.error(
    `Infermesh needs Node 20 or later to set itself up, found ${process.versions.node}. Install a newer Node.js and run the command again.`,
  )
  process.exit(2)
}

const done = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock
if (!done) {
  console.error('Infermesh: installing dependencies (once, and again when package-lock.json changes) …')
  // The script must not be skipped for `node`: it is what brings the right Node.
  execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const version = execFileSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8' }).trim()
  if (!version.startsWith('v24.')) {
    console.error(`Infermesh: expected Node 24 in node_modules, found ${version}. Install without --ignore-scripts.`)
    process.exit(2)
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, lock)
}
