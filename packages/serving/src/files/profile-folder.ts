import { join } from 'node:path'
import type { AttentionRow, ProfileTables } from '../time/profile-tables.ts'
import type { Knots } from '../time/step-time.ts'
import { linesOf } from './lines.ts'

/** How often each operation of the dense table runs in one layer. What is not named here runs once a step. */
const perLayer: Readonly<Record<string, number>> = {
  act_fn: 1,
  down_proj: 1,
  gate_up_proj: 1,
  layernorm: 2,
  o_proj: 1,
  qkv_proj: 1,
  rotary_emb: 1,
}

/** Reads a vLLM kernel profile: `dense.csv`, `per_sequence.csv` and `attention.csv` of one folder, as LLMServingSim publishes them. */
export async function readProfileFolder(folder: string, layers: number): Promise<ProfileTables> {
  const dense = await sumByPosition(join(folder, 'dense.csv'), (operation) => layers * (perLayer[operation] ?? 0) || 1)
  const heads = await sumByPosition(join(folder, 'per_sequence.csv'), () => 1)
  const attention: AttentionRow[] = []
  for await (const [chunkTokens, chunkContext, decodes, decodeContext, time] of numberRows(join(folder, 'attention.csv'), 0))
    attention.push({
      chunkTokens: chunkTokens ?? 0,
      chunkContext: chunkContext ?? 0,
      decodes: decodes ?? 0,
      decodeContext: decodeContext ?? 0,
      time: time ?? 0,
    })
  return { layers, denseMs: dense, headMs: heads, attention }
}

async function sumByPosition(path: string, times: (operation: string) => number): Promise<Knots> {
  const sums = new Map<number, number>()
  for await (const { text, number } of linesOf(path)) {
    if (number === 1) continue
    const [operation = '', ...rest] = text.split(',')
    const [position, time] = numbersOf(rest, path, number)
    sums.set(position ?? 0, (sums.get(position ?? 0) ?? 0) + ((time ?? 0) * times(operation)) / 1000)
  }
  const at = [...sums.keys()].sort((left, right) => left - right)
  return { at, value: at.map((position) => sums.get(position) ?? 0) }
}

async function* numberRows(path: string, skip: number): AsyncGenerator<number[]> {
  for await (const { text, number } of linesOf(path)) if (number > 1) yield numbersOf(text.split(',').slice(skip), path, number)
}

function numbersOf(cells: readonly string[], path: string, line: number): number[] {
  const numbers = cells.map(Number)
  const bad = numbers.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new Error(`${path}:${line}: expected a number, found "${cells[bad]}"`)
  return numbers
}
