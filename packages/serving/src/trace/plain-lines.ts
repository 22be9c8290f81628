import { type Fields, numberFault, parseObject } from './line-fields.ts'
import { type BadLine, isBad, type LineParser, type TraceRequest } from './trace-request.ts'

/**
 * A user's own trace: `arrival` in seconds or `arrival_ms`, `prompt_tokens` and `answer_tokens`; as JSON objects, or as CSV under a
 * header with these names in any order. Other columns are left alone.
 */
export function plainLine(text: string, line: number): readonly TraceRequest[] | BadLine {
  const record = parseObject(text)
  return isBad(record) ? record : plainRequest(record, line)
}

export function isPlainHeader(text: string): boolean {
  const names = cellsOf(text)
  return arrivalNames.some((name) => names.includes(name)) && lengthNames.every((name) => names.includes(name))
}

/** Remembers the header's columns. */
export function plainCsvParser(): LineParser {
  let names: readonly string[] | undefined
  return (text, line) => {
    const cells = cellsOf(text)
    if (names === undefined) {
      names = cells
      return isPlainHeader(text)
        ? []
        : { fault: `expected a header with ${arrivalNames.join(' or ')}, ${lengthNames.join(', ')}, found "${text}"` }
    }
    if (cells.length !== names.length) return { fault: `expected ${names.length} cells as in the header, found ${cells.length}` }
    // An empty cell is no number: Number('') would be 0.
    return plainRequest(Object.fromEntries(names.map((name, index) => [name, numberOf(cells[index] ?? '')])), line)
  }
}

function plainRequest(record: Fields, line: number): readonly TraceRequest[] | BadLine {
  const arrival = 'arrival_ms' in record ? 'arrival_ms' : 'arrival'
  const fault = numberFault(record, [arrival, ...lengthNames]) ?? emptyFault(record)
  if (fault !== undefined) return { fault }
  return [
    {
      id: `r${line}`,
      arrivalMs: (record[arrival] as number) * (arrival === 'arrival' ? 1000 : 1),
      promptTokens: record.prompt_tokens as number,
      answerTokens: record.answer_tokens as number,
    },
  ]
}

const emptyFault = (record: Fields): string | undefined => {
  const field = lengthNames.find((name) => !Number.isSafeInteger(record[name]) || (record[name] as number) < 1)
  return field === undefined ? undefined : `expected ${field} to be a whole number of 1 or more, found ${JSON.stringify(record[field])}`
}

const cellsOf = (text: string): string[] => text.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
const numberOf = (cell: string): number | string => (cell === '' || Number.isNaN(Number(cell)) ? cell : Number(cell))

const arrivalNames = ['arrival', 'arrival_ms'] as const
const lengthNames = ['prompt_tokens', 'answer_tokens'] as const
