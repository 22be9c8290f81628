import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomFrom } from '@infermesh/kernel'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteStore } from './sqlite-store.ts'
import { StoreFailed } from './store.ts'

test('gives back what was saved last, and not what was forgotten', () => {
  const file = tempFile()
  const first = new SqliteStore({ file, peer: 'p' })
  first.save('a', bytes(1))
  first.save('a', bytes(2))
  first.save('b', bytes(3))
  first.forget('b')
  first.save('empty', new Uint8Array(0))
  first.close()

  const second = new SqliteStore({ file, peer: 'p' })
  expect([...second.load()]).toEqual([
    ['a', bytes(2)],
    ['empty', new Uint8Array(0)],
  ])
  second.close()
  second.close()
})

test('whatever was acknowledged before a kill from outside is there afterwards', async () => {
  const random = randomFrom('kill')
  const file = tempFile()
  for (let round = 0; round < 5; round++) {
    const acknowledged = await saveUntilKilled({ file, acknowledgements: 1 + random.below(400) })

    const saved = savedNumbers(file)
    for (let count = Math.max(1, acknowledged - 6); count <= acknowledged; count++) {
      expect(saved.get(`key ${count % 7}`), `round ${round}, acknowledged ${acknowledged}`).toBeGreaterThanOrEqual(count)
    }
  }
}, 30_000)

test('a death between any two effects leaves exactly the saves before it', async () => {
  for (let effect = 0; effect < 7; effect++) {
    const file = tempFile()
    const acknowledged = await saveUntilKilled({ file, dieBefore: effect })

    // Each step is a save, an acknowledgement and a timer.
    expect(acknowledged).toBe(Math.floor((effect + 1) / 3))
    expect([...savedNumbers(file).values()]).toEqual(Array.from({ length: Math.ceil(effect / 3) }, (_, index) => index + 1))
  }
}, 30_000)

test('a full disk is an error that names the file and the peer, and loses nothing that was saved', () => {
  const file = tempFile()
  const store = new SqliteStore({ file, peer: 'owner-0', bytesMax: 100_000 })
  let saved = 0
  const fill = () => {
    for (; saved < 1000; saved++) store.save(`${saved}`, new Uint8Array(1000).fill(saved))
  }

  expect(fill).toThrow(StoreFailed)
  expect(fill).toThrow(new RegExp(`cannot write the store of owner-0, ${file}: .*full`))
  store.close()

  expect(saved).toBeGreaterThan(50)
  const again = new SqliteStore({ file, peer: 'owner-0' })
  expect(again.load().size).toBe(saved)
  again.close()
})

test('refuses a store that another holds open, a file that is none, and a folder that is not there', () => {
  const file = tempFile()
  const holder = new SqliteStore({ file, peer: 'p' })
  const garbage = tempFile()
  writeFileSync(garbage, 'this is no database, and it is long enough to be seen as a header of one'.repeat(20))

  expect(() => new SqliteStore({ file, peer: 'p' })).toThrow(/cannot open the store of p.*locked/)
  expect(() => new SqliteStore({ file: garbage, peer: 'p' })).toThrow(/not a database/)
  expect(() => new SqliteStore({ file: join(garbage, 'x.db'), peer: 'p' })).toThrow(StoreFailed)
  holder.close()
})

interface Death {
  readonly file: string
  /** Killed from outside once so many were acknowledged. */
  readonly acknowledgements?: number
  /** Kills itself before the effect of this number. */
  readonly dieBefore?: number
}

/** Runs a peer's effect loop in a process of its own until its death. Returns the last number that it acknowledged. */
function saveUntilKilled({ file, acknowledgements = Infinity, dieBefore }: Death): Promise<number> {
  const child = spawn(process.execPath, [SAVING_PROCESS, file, `${dieBefore}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.split('\n').length > acknowledgements) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, signal) => {
      const lines = text.split('\n').slice(0, -1)
      if (signal === 'SIGKILL') resolve(Number(lines.at(-1) ?? 0))
      else reject(new Error(`the saving process ended by itself after ${lines.length} acknowledgements`))
    })
  })
}

function savedNumbers(file: string): Map<string, number | undefined> {
  const store = new SqliteStore({ file, peer: 'saver' })
  const saved = new Map([...store.load()].map(([key, value]) => [key, new Float64Array(value.slice().buffer)[0]]))
  store.close()
  return saved
}

function tempFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'infermesh-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'peer.db')
}

const bytes = (...values: number[]) => new Uint8Array(values)
const SAVING_PROCESS = fileURLToPath(new URL('../../test/saving-process.ts', import.meta.url))
