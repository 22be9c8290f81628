import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('a killed supervisor leaves no peer behind, be it running, paused or stuck', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'infermesh-test-'))
  const supervisor = fork(join(import.meta.dirname, 'fixtures/doomed-supervisor.ts'), [folder], { execArgv: [] })
  const [pids] = await once(supervisor, 'message')
  const alive = pids.filter(isAlive)

  supervisor.kill('SIGKILL')
  await once(supervisor, 'exit')
  await Promise.all(pids.map(gone))

  expect(pids).toHaveLength(3)
  expect(alive).toEqual(pids)
  expect(pids.filter(isAlive)).toEqual([])
  rmSync(folder, { recursive: true, force: true })
})

/** Our own grandchildren can't be waited for by event; /proc is looked at again and again until the test's deadline. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5))
}

function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z')
  } catch {
    return false
  }
}
