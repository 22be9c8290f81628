import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'

const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** The library's layout takes the square of the rows: half a minute for 35,000. */
const ROWS_LAID_OUT = 1_000

/** Aligned columns without rules or colours of their own, so that a table in a pipe is plain text. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length > ROWS_LAID_OUT) return longTable([head, ...rows])
  const table = new Table({
    head: head.some((name) => name !== '') ? [...head] : [],
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) table.push([...row])
  // Columns are filled up to their width; nobody wants the blanks behind the last one.
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** The same for very many rows, whose cells are single lines. */
function longTable(rows: readonly (readonly string[])[]): string {
  const widthOf = (text: string): number => stripVTControlCharacters(text).length
  const widths: number[] = []
  for (const row of rows) for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
  const filled = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))
  return rows.map((row) => row.map(filled).join('  ').trimEnd()).join('\n')
}
