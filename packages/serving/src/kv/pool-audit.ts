import { noKey } from './block-index.ts'
import type { BlockPool } from './block-pool.ts'

/** What a holder of blocks knows: its slots, and how many of them are full. */
export interface BlockTable {
  readonly slots: readonly number[]
  readonly fullCount: number
}

/**
 * Every broken rule of the pool, in words; none when it is sound. The rules: free and held blocks add up, a block's references equal
 * the table entries that name it, only full blocks carry content, each key finds its own slot, and nothing is both free and held.
 */
export function auditPool(pool: BlockPool, tables: Iterable<BlockTable>): string[] {
  const broken: string[] = []
  const { entries, partial } = countEntries(pool, tables)
  const freeSlots = pool.freeSlots()
  const free = new Set(freeSlots)
  if (free.size !== freeSlots.length) broken.push(`the free list names ${freeSlots.length - free.size} blocks twice`)
  if (free.size !== pool.free()) broken.push(`the free list has ${free.size} blocks, the counter says ${pool.free()}`)
  let held = 0
  let cached = 0
  for (let slot = 0; slot < pool.blocks; slot++) {
    const references = pool.references(slot)
    if (references > 0) held++
    if (pool.keyOf(slot) !== noKey) cached++
    if (references !== entries[slot]) broken.push(`block ${slot} has ${references} references, tables name it ${entries[slot]} times`)
    if (references > 0 === free.has(slot))
      broken.push(`block ${slot} is ${references > 0 ? 'both free and held' : 'neither free nor held'}`)
    broken.push(...auditContent(pool, slot, partial.has(slot)))
  }
  if (held + free.size !== pool.blocks) broken.push(`${held} held and ${free.size} free blocks are not ${pool.blocks}`)
  if (cached !== pool.cached()) broken.push(`${cached} blocks carry content, the counter says ${pool.cached()}`)
  return broken
}

function auditContent(pool: BlockPool, slot: number, partial: boolean): string[] {
  const key = pool.keyOf(slot)
  if (key === noKey) return []
  const broken: string[] = []
  if (partial) broken.push(`block ${slot} carries key ${key} but is not full`)
  if (pool.find(key) !== slot) broken.push(`key ${key} of block ${slot} finds block ${pool.find(key)}`)
  return broken
}

function countEntries(pool: BlockPool, tables: Iterable<BlockTable>): { entries: Int32Array; partial: Set<number> } {
  const entries = new Int32Array(pool.blocks)
  const partial = new Set<number>()
  for (const table of tables) {
    table.slots.forEach((slot, index) => {
      entries[slot] = (entries[slot] as number) + 1
      if (index >= table.fullCount) partial.add(slot)
    })
  }
  return { entries, partial }
}
