import { randomFrom } from '@infermesh/kernel'
import { hostile } from './readers/hostile.ts'
import { attempts } from './readers/reader.ts'
import { sealedReaders } from './readers/sealed-readers.ts'
import { tokenReaders } from './readers/token-readers.ts'

/** Hostile bytes at everything that reads a sealed exchange: none may throw, hang, or open what was changed. Arguments: how many, seed. */
const inputs = Number(process.argv[2] ?? 1_000_000)
const seed = process.argv[3] ?? String(Date.now())
const SLOW_MS = 250
const random = randomFrom(seed)
const readers = [...sealedReaders(random), ...tokenReaders(random)]

console.log(`fuzzing sealed exchanges with seed ${seed}`)
for (const { name, good, read } of readers) if (!read(good)) fail(name, good, new Error('what is as it was sent is not read'))
let [tried, read] = [0, 0]
for (const { reader, bytes, isRead, error, tookMs } of attempts(readers, hostile, random)) {
  if (error !== undefined) fail(reader.name, bytes, error)
  if (tookMs > SLOW_MS) fail(reader.name, bytes, new Error(`took longer than ${SLOW_MS} ms`))
  if (isRead) read++
  if (++tried >= inputs) break
}
console.log(`${inputs} inputs at ${readers.length} readers: ${inputs - read} refused, ${read} read, none threw, hung, or opened changed`)

function fail(name: string, bytes: Uint8Array, error: unknown): never {
  console.error(`${name} ${Buffer.from(bytes).toString('hex')} (seed ${seed})`)
  console.error(error)
  process.exit(1)
}
