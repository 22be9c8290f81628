import { closeSync, mkdirSync, openSync, readSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Opens a log for appending, so that a restarted peer writes on below its earlier lines. The caller closes the descriptor. */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  return openSync(file, 'a')
}

/** The last lines of a log, from at most its last 64 KiB; empty when there is no log. */
export function logTail(file: string, lines: number): string {
  const size = sizeOf(file)
  const text = readFrom(file, Math.max(0, size - tailBytes), size)
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}

/** A whole log; empty when there is none. */
export function readLog(file: string): string {
  return readFrom(file, 0, sizeOf(file))
}

/** All of a log, then what is appended to it, until the signal fires. */
export async function* followLog(file: string, signal: AbortSignal): AsyncIterable<string> {
  let read = 0
  let changed = Promise.withResolvers<void>()
  const watcher = watch(file, () => changed.resolve())
  const stop = () => changed.resolve()
  signal.addEventListener('abort', stop, { once: true })
  try {
    while (!signal.aborted) {
      changed = Promise.withResolvers<void>()
      const size = sizeOf(file)
      if (size > read) yield readFrom(file, read, size)
      read = size
      if (sizeOf(file) === read && !signal.aborted) await changed.promise
    }
  } finally {
    signal.removeEventListener('abort', stop)
    watcher.close()
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function readFrom(file: string, start: number, end: number): string {
  if (end <= start) return ''
  const bytes = Buffer.alloc(end - start)
  const descriptor = openSync(file, 'r')
  try {
    const length = readSync(descriptor, bytes, 0, bytes.length, start)
    return bytes.toString('utf8', 0, length)
  } finally {
    closeSync(descriptor)
  }
}

const tailBytes = 64 * 1024
