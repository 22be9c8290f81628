// The whole gate: static checks, then every test. Prints `N passed, N failed` last.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { check } from './check.mjs'
import { root, run } from './steps.mjs'

const report = join(root, 'node_modules', '.vitest-report.json')
rmSync(report, { force: true })
const checks = check()
run('tests', 'vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`])

let tests = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 0 }
try {
  tests = JSON.parse(readFileSync(report, 'utf8'))
} catch (cause) {
  console.error(`The test runner left no report: ${cause.message}`)
}
const failedFiles = (tests.testResults ?? []).filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length
const passed = checks.filter(Boolean).length + tests.numPassedTests
const failed = checks.filter((ok) => !ok).length + tests.numFailedTests + failedFiles
console.log(`${passed} passed, ${failed} failed${tests.numPendingTests > 0 ? `, ${tests.numPendingTests} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1
