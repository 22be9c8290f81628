import { readFileSync } from 'node:fs'

/** Memory of a process in bytes. PSS counts a page that n processes share as 1/n, so the sum over processes is true. */
export interface ProcessMemory {
  readonly rssBytes: number
  readonly pssBytes: number
}

/** From Linux's `smaps_rollup`; undefined where there is none, or the process is gone. */
export function memoryOf(pid: number | undefined): ProcessMemory | undefined {
  const text = readProc(pid, 'smaps_rollup')
  if (text === undefined) return undefined
  const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return { rssBytes: kilobytes('Rss') * 1024, pssBytes: kilobytes('Pss') * 1024 }
}

/** Processor time a process has used, all threads, in ms. */
export function cpuMsOf(pid: number | undefined): number | undefined {
  const fields = statFields(pid)
  if (fields === undefined) return undefined
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** Linux shows ticks of a hundredth of a second to every program, whatever it counts in itself. */
const tickMs = 10

/** Whether a process stands still after SIGSTOP. `unknown` where the system does not say, or the process is gone. */
export function stateOf(pid: number | undefined): 'stopped' | 'moving' | 'unknown' {
  const state = statFields(pid)?.[0]
  if (state === undefined || state === 'Z' || state === 'X') return 'unknown'
  return state === 'T' || state === 't' ? 'stopped' : 'moving'
}

/** When a process began, in clock ticks since the machine's boot: with the pid it names one process for good. */
export function startTicksOf(pid: number): number | undefined {
  const fields = statFields(pid)
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined
  return Number(fields[19])
}

/** The fields of `stat` after the command's name, which may itself hold spaces and brackets. */
function statFields(pid: number | undefined): readonly string[] | undefined {
  const text = readProc(pid, 'stat')
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readProc(pid: number | undefined, file: string): string | undefined {
  if (pid === undefined) return undefined
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // Gone between two looks, or no /proc on this system: both are answers.
    return undefined
  }
}
