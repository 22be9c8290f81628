import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')
const main = join(root, 'packages', 'cli', 'src', 'main.ts')

export const scenario = (name: string): string => join(root, 'scenarios', name)

/** An empty folder to work in, as a newcomer has. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'infermesh-test-'))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line to its end. */
export async function infermesh(args: readonly string[], folder: string): Promise<Finished> {
  const child = start(args, folder)
  const [stdout, stderr] = [collected(child, 'stdout'), collected(child, 'stderr')]
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout: stdout(), stderr: stderr() }
}

export function start(args: readonly string[], folder: string): ChildProcess {
  return spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
}

function collected(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  let text = ''
  child[name]?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return () => text
}

/** Resolves with the first match in what the child prints; rejects when it ends without. */
export async function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  const [stdout, stderr] = [collected(child, 'stdout'), collected(child, 'stderr')]
  return await new Promise((resolve, reject) => {
    const look = (): void => {
      const match = pattern.exec(stdout())
      if (match !== null) resolve(match)
    }
    child.stdout?.on('data', look)
    child.once('close', (code) => reject(new Error(`ended with ${code} before it printed ${pattern}:\n${stdout()}${stderr()}`)))
  })
}

/** Is a process of this id there, and not a zombie? */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
