import type { BadLine } from './trace-request.ts'

/** A line's object, before its fields are checked. */
export type Fields = Readonly<Record<string, unknown>>

export function parseObject(text: string): Fields | BadLine {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : { fault: `expected a JSON object, found ${text.slice(0, 40)}` }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { fault: `expected a JSON object, found "${text.slice(0, 40)}" (${error.message})` }
  }
}

export const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export function numberFault(record: Fields, fields: readonly string[]): string | undefined {
  const field = fields.find((name) => typeof record[name] !== 'number' || !((record[name] as number) >= 0))
  return field === undefined ? undefined : `expected ${field} to be a number of 0 or more, found ${JSON.stringify(record[field])}`
}
