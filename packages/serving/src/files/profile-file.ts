import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { GpuProfile } from '../time/gpu-profile.ts'

const profilesFolder = fileURLToPath(new URL('../../profiles/', import.meta.url))

/** Names of the profiles that come with the package. */
export async function profileNames(): Promise<string[]> {
  return knownProfiles()
}

function knownProfiles(): string[] {
  return readdirSync(profilesFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort()
}

/** A profile by its name, or from a JSON file of the same form, where each constant is `{ value, source }`. */
export async function readProfile(nameOrPath: string): Promise<GpuProfile> {
  return readProfileNow(nameOrPath)
}

/** The same, at once: a profile is a small file, and plans of networks are made synchronously. */
export function readProfileNow(nameOrPath: string): GpuProfile {
  const known = knownProfiles()
  const path = known.includes(nameOrPath) ? `${profilesFolder}${nameOrPath}.json` : nameOrPath
  if (!path.endsWith('.json')) throw new Error(`expected one of the profiles ${known.join(', ')}, or a .json file, got "${nameOrPath}"`)
  const read: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!isRecord(read)) throw new Error(`${path}: expected a JSON object, found ${JSON.stringify(read)}`)
  const constant = (field: string): unknown => sourcedValue(read[field], `${path}: ${field}`)
  const fieldsOf = (field: string): ((name: string) => number) => {
    const value = constant(field)
    return (name) => numberOf(isRecord(value) ? value[name] : undefined, `${path}: ${field}.${name}`)
  }
  const [attention, head, reduce] = [fieldsOf('attention'), fieldsOf('headMs'), fieldsOf('reduce')]
  return {
    name: typeof read.name === 'string' ? read.name : nameOrPath,
    layers: numberOf(constant('layers'), `${path}: layers`),
    kvBytesPerToken: numberOf(constant('kvBytesPerToken'), `${path}: kvBytesPerToken`),
    denseMs: knotsOf(constant('denseMs'), `${path}: denseMs`),
    attention: {
      base: attention('base'),
      perDecode: attention('perDecode'),
      kvBytesPerSecond: attention('kvBytesPerSecond'),
      perChunk: attention('perChunk'),
      perChunkToken: attention('perChunkToken'),
      perTokenTimesContext: attention('perTokenTimesContext'),
      perTokenSquared: attention('perTokenSquared'),
    },
    headMs: { base: head('base'), perSequence: head('perSequence') },
    reduce: { base: reduce('base'), perToken: reduce('perToken') },
    fixedMs: numberOf(constant('fixedMs'), `${path}: fixedMs`),
    gpuTokens: numberOf(constant('gpuTokens'), `${path}: gpuTokens`),
  }
}

function sourcedValue(field: unknown, where: string): unknown {
  if (typeof field !== 'object' || field === null || !('value' in field) || !('source' in field) || typeof field.source !== 'string')
    throw new Error(`${where}: expected { "value": …, "source": "…" }, found ${JSON.stringify(field)}`)
  return field.value
}

function numberOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || !(value >= 0))
    throw new Error(`${where}: expected a number of 0 or more, found ${JSON.stringify(value)}`)
  return value
}

function knotsOf(value: unknown, where: string): GpuProfile['denseMs'] {
  const { at, value: times } = isRecord(value) ? value : {}
  if (!Array.isArray(at) || !Array.isArray(times) || at.length !== times.length || at.length < 2)
    throw new Error(`${where}: expected two lists "at" and "value" of one length, 2 or more, found ${JSON.stringify(value)}`)
  const read = { at: at.map((entry) => numberOf(entry, where)), value: times.map((entry) => numberOf(entry, where)) }
  if (read.at.some((entry, index) => index > 0 && entry <= (read.at[index - 1] as number)))
    throw new Error(`${where}: expected rising positions, found ${JSON.stringify(at)}`)
  return read
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
