import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { startTicksOf } from '../supervisor/proc-files.ts'

/** What is written down about a testnet that stays, for other terminals to find it. */
export type TestnetState = z.infer<typeof testnetState>

const testnetState = z.object({
  name: z.string(),
  pid: z.int(),
  /** With the pid it names the supervisor for good; null where the system doesn't tell. */
  startTicks: z.int().nullable(),
  /** Unix ms. */
  startedAt: z.number(),
  /** Path of the control socket. */
  socket: z.string(),
  /** What is served where, such as `http`. Empty while the testnet starts. */
  endpoints: z.record(z.string(), z.string()),
})

export type Found =
  | { readonly status: 'absent' }
  | { readonly status: 'running'; readonly state: TestnetState }
  | { readonly status: 'stale'; readonly reason: string; readonly state: TestnetState | undefined }

/** Looks up a testnet by name. Stale: it is written down, but its supervisor is gone. */
export function findTestnet(root: string, name: string): Found {
  const file = stateFile(root, name)
  const text = readIfThere(file)
  if (text === undefined) return { status: 'absent' }
  const parsed = testnetState.safeParse(parseJson(text))
  if (!parsed.success) return { status: 'stale', reason: `${file} is not a testnet's state`, state: undefined }
  const reason = goneReason(parsed.data)
  return reason === undefined ? { status: 'running', state: parsed.data } : { status: 'stale', reason, state: parsed.data }
}

/** Every testnet written down under a root, by name. */
export function listTestnets(root: string): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>()
  for (const entry of readFolder(root)) {
    const testnet = findTestnet(root, entry)
    if (testnet.status !== 'absent') found.set(entry, testnet)
  }
  return found
}

/** Holds a testnet's name until released. */
export interface Claim {
  readonly folder: string
  state(): TestnetState
  announce(endpoints: Readonly<Record<string, string>>): void
  /** Forgets the testnet. Its logs stay. */
  release(): void
}

/** Takes a name for this process. Fails when a running testnet has it; a stale one is replaced. */
export function claimTestnet(root: string, name: string, socket: string): Claim {
  requireName(name)
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = findTestnet(root, name)
  if (found.status === 'running') throw new Error(takenMessage(found.state))
  if (found.status === 'stale') rmSync(stateFile(root, name), { force: true })

  const { pid } = process
  let state: TestnetState = { name, pid, startTicks: startTicksOf(pid) ?? null, startedAt: Date.now(), socket, endpoints: {} }
  const file = stateFile(root, name)
  writeNew(file, state)
  return {
    folder,
    state: () => state,
    announce: (endpoints) => {
      state = { ...state, endpoints: { ...endpoints } }
      writeFileSync(`${file}.part`, JSON.stringify(state, null, 2))
      renameSync(`${file}.part`, file)
    },
    release: () => rmSync(file, { force: true }),
  }
}

/** Names become folder names and are typed by hand. */
export function requireName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    throw new Error(`expected a testnet name of 1-40 lower-case letters, digits and hyphens, got ${JSON.stringify(name)}`)
  }
}

function writeNew(file: string, state: TestnetState): void {
  try {
    writeFileSync(file, JSON.stringify(state, null, 2), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new Error(`could not take the name ${state.name}: another testnet of that name may just be starting (${file})`, { cause: error })
  }
}

function takenMessage({ name, pid }: TestnetState): string {
  return `a testnet named ${name} runs already (pid ${pid}): stop it with \`infermesh down --name ${name}\`, or choose another name`
}

/** Why the supervisor can't be there any more, or undefined when it is. */
function goneReason({ pid, startTicks }: TestnetState): string | undefined {
  if (startTicks === null) return isAlive(pid) ? undefined : `its supervisor (pid ${pid}) is gone`
  const ticks = startTicksOf(pid)
  if (ticks === undefined) return `its supervisor (pid ${pid}) is gone`
  return ticks === startTicks ? undefined : `pid ${pid} is now another program`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function readFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const stateFile = (root: string, name: string): string => join(root, name, 'testnet.json')
