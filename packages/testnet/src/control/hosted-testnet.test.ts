import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectTestnet, NotRunning } from './control-client.ts'
import { findTestnet, listTestnets } from './state-file.ts'

let root = ''
const supervisors: ChildProcess[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'infermesh-test-'))
})
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) {
    if (supervisor.exitCode === null && supervisor.signalCode === null && supervisor.kill('SIGKILL')) await once(supervisor, 'exit')
  }
  rmSync(root, { recursive: true, force: true })
})

test('another terminal lists peers, breaks one, asks it, reads its log and takes the testnet down', async () => {
  const { pids, exit } = await up('demo')
  const client = connectTestnet(root, 'demo')

  const before = await client.peers()
  const crashed = await client.fault('p0', 'crash')
  const down = await client.peers()
  await client.fault('p0', 'restart')
  const answers = await collect(client.ask('p0', { stream: 'control', message: { type: 'echo' } }))
  await client.fault('p1', 'pause')
  const paused = await client.stats('p1')
  await client.down(10_000)

  expect(client.state.endpoints).toEqual({ http: 'http://127.0.0.1:1' })
  expect(before.map(({ name, state, pid }) => [name, state, pid])).toEqual(pids.map((pid, index) => [`p${index}`, 'running', pid]))
  expect(crashed.downMs).toBeGreaterThan(0)
  expect(down[0]?.state).toBe('down')
  expect(answers).toMatchObject([{ type: 'echo', boots: 2 }])
  expect(paused.host).toBeUndefined()
  expect(await exit).toBe(0)
  expect(findTestnet(root, 'demo')).toEqual({ status: 'absent' })
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
})

test('what is asked wrongly is refused with what would be right, and the testnet goes on', async () => {
  await up('demo')
  const client = connectTestnet(root, 'demo')

  await expect(client.fault('p9', 'crash')).rejects.toThrow('expected the name of a peer, got p9; there are p0, p1, p2')
  await expect(client.fault('p0', 'melt')).rejects.toThrow('expected one of the faults crash, restart, stop, pause, resume; got melt')
  await expect(collect(client.ask('p9', { stream: 'control', message: { type: 'echo' } }))).rejects.toThrow('got p9')
  await client.fault('p0', 'crash')
  await expect(collect(client.ask('p0', { stream: 'control', message: { type: 'echo' } }))).rejects.toMatchObject({ code: 'lost' })
  expect(await client.peers()).toHaveLength(3)
})

test('two testnets run side by side, and a name is taken only once', async () => {
  const [one, two] = await Promise.all([up('one'), up('two')])

  const third = await failure('one')

  expect([...listTestnets(root).keys()]).toEqual(['one', 'two'])
  expect(new Set([...one.pids, ...two.pids]).size).toBe(6)
  expect(third).toContain(`a testnet named one runs already (pid ${one.supervisor.pid})`)
  await connectTestnet(root, 'one').down(10_000)
  expect([...listTestnets(root)].map(([name, { status }]) => [name, status])).toEqual([['two', 'running']])
})

test('a testnet whose supervisor was killed is told from one that never was, and its name can be used again', async () => {
  const { supervisor, pids } = await up('demo')
  supervisor.kill('SIGKILL')
  await once(supervisor, 'exit')

  expect(findTestnet(root, 'demo')).toMatchObject({ status: 'stale', reason: `its supervisor (pid ${supervisor.pid}) is gone` })
  expect(() => connectTestnet(root, 'demo')).toThrow(/^the testnet demo ended without being stopped: its supervisor/)
  expect(() => connectTestnet(root, 'other')).toThrow(
    new NotRunning('no testnet named other runs here: start one with `infermesh up <scenario>`'),
  )

  const again = await up('demo')
  expect(again.pids).not.toEqual(pids)
  expect(await connectTestnet(root, 'demo').peers()).toHaveLength(3)
})

test('a pid that now belongs to another program is not taken for the supervisor', async () => {
  await up('demo')
  const file = join(root, 'demo', 'testnet.json')
  const state = JSON.parse(readFileSync(file, 'utf8'))

  writeFileSync(file, JSON.stringify({ ...state, pid: process.pid }))

  expect(findTestnet(root, 'demo')).toMatchObject({ status: 'stale', reason: `pid ${process.pid} is now another program` })
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s takes everything down in order', async (signal) => {
  const { supervisor, pids, exit } = await up('demo')
  const ended = once(supervisor, 'message')

  supervisor.kill(signal)

  expect((await ended)[0]).toEqual({ cause: 'signal', signal, killed: false })
  expect(await exit).toBe(130)
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  expect(findTestnet(root, 'demo')).toEqual({ status: 'absent' })
})

test('a second signal kills at once, though the tidy stop hangs', async () => {
  const { supervisor, pids, exit } = await up('demo', 'slow')
  const ended = once(supervisor, 'message')

  supervisor.kill('SIGINT')
  await connectTestnet(root, 'demo').peers()
  supervisor.kill('SIGINT')

  expect((await ended)[0]).toEqual({ cause: 'signal', signal: 'SIGINT', killed: true })
  expect(await exit).toBe(130)
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
})

test('a log is followed while it grows', async () => {
  await up('demo')
  const client = connectTestnet(root, 'demo')
  const [peer] = await client.peers()
  const abort = new AbortController()
  let seen = ''

  const following = (async () => {
    for await (const part of client.logs('p0', abort.signal)) {
      seen += part
      if (seen === 'first\n') writeFileSync(peer?.log ?? '', 'second\n', { flag: 'a' })
      if (seen.endsWith('second\n')) abort.abort()
    }
  })()
  writeFileSync(peer?.log ?? '', 'first\n', { flag: 'a' })
  await following

  expect(seen).toBe('first\nsecond\n')
  expect((await collect(client.logs('p0'))).join('')).toBe('first\nsecond\n')
})

test('names that could not be folders are refused', () => {
  expect(() => connectTestnet(root, '../other')).toThrow(
    'expected a testnet name of 1-40 lower-case letters, digits and hyphens, got "../other"',
  )
})

interface Up {
  readonly supervisor: ChildProcess
  readonly pids: readonly number[]
  readonly exit: Promise<number>
}

async function up(name: string, mood = 'quick'): Promise<Up> {
  const supervisor = fork(script, [root, name, mood], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  supervisors.push(supervisor)
  const exit = once(supervisor, 'exit').then(([code]) => code)
  const [pids] = await once(supervisor, 'message')
  return { supervisor, pids, exit }
}

/** What a supervisor that can't start prints. */
async function failure(name: string): Promise<string> {
  const supervisor = fork(script, [root, name], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  supervisors.push(supervisor)
  let text = ''
  for await (const part of supervisor.stderr?.setEncoding('utf8') ?? []) text += part
  return text
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const script = join(import.meta.dirname, 'fixtures/stay-up.ts')
