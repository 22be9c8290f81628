import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

export interface Line {
  readonly text: string
  /** From 1. */
  readonly number: number
}

/** The lines of a text file, gzip or not (by its first two bytes), as a stream. Line ends may be LF or CR LF; empty lines are left out. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  const packed = await isGzip(path)
  const file = createReadStream(path)
  const text = packed ? file.pipe(createGunzip()) : file
  file.on('error', (error) => text.destroy(error))
  let number = 0
  for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line !== '') yield { text: line, number }
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}
