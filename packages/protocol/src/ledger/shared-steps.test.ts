import { expect, test } from 'vitest'
import { toHex } from '../wire/schema.ts'
import { apply, check } from './fold.ts'
import { createLedger, type LedgerOptions } from './ledger.ts'
import { Chain } from './test-support/chain.ts'

/** Ledgers of one process, and the kinds of work that were done for them, one each time it was done. */
function neighbours() {
  const chain = new Chain()
  chain.advance([chain.cast.manifest(), chain.cast.receipt()])
  chain.advance()
  const { directory, sealing } = chain.cast
  const done: string[] = []
  const known = new Map<string, object>()
  const once = <T extends object>(purpose: string, bytes: Uint8Array, make: (copy: Uint8Array) => T): T => {
    const name = `${purpose} ${toHex(bytes)}`
    const before = known.get(name) as T | undefined
    if (before !== undefined) return before
    done.push(purpose.split(' ').slice(0, 2).join(' '))
    const made = make(bytes)
    known.set(name, made)
    return made
  }
  const shared = { ...sealing, crypto: { ...sealing.crypto, once } }
  const steps = () => done.filter((purpose) => purpose === 'ledger step').length
  return { chain, steps, known, ledger: (options?: LedgerOptions) => createLedger(directory, shared, options) }
}

test('ledgers of one process work each block out once, and all reach its state', () => {
  const { chain, steps, ledger } = neighbours()
  const ledgers = [ledger(), ledger(), ledger()]
  for (const one of ledgers) for (const { block, entries } of chain.blocks) apply(one, block, entries)

  expect(steps()).toBe(chain.blocks.length)
  for (const one of ledgers) expect(one.store.everything()).toEqual(chain.ledger.store.everything())
})

test('one that is behind, or has other rules, is not given the step of another', () => {
  const { chain, steps, ledger } = neighbours()
  const [first, second] = chain.blocks
  if (first === undefined || second === undefined) throw new Error('the chain has two blocks')
  const ahead = ledger()
  apply(ahead, first.block, first.entries)

  expect(check(ahead, second.block, second.entries).ok).toBe(true)
  expect(check(ledger(), second.block, second.entries)).toMatchObject({ ok: false, reason: 'expected height 1, found 2' })
  expect(check(ledger({ waived: new Set(['pay-is-exact']) }), first.block, first.entries).ok).toBe(true)
  expect(steps()).toBe(3)
})

test('entries that the block does not name are refused, whatever others found', () => {
  const { chain, ledger } = neighbours()
  const [first] = chain.blocks
  if (first === undefined) throw new Error('the chain has a block')
  apply(ledger(), first.block, first.entries)

  expect(check(ledger(), first.block, first.entries.slice(1)).ok).toBe(false)
})

test('an audit believes no neighbour', () => {
  const { chain, steps, known, ledger } = neighbours()
  const [first] = chain.blocks
  if (first === undefined) throw new Error('the chain has a block')
  const liar = ledger()
  const checked = check(liar, first.block, first.entries)
  if (!checked.ok) throw new Error(checked.reason)
  for (const [name, value] of known) if (value === checked) known.set(name, { ok: true, step: { ...checked.step, changes: [] } })
  const auditor = ledger({ isAlone: true })
  const believer = ledger()
  for (const one of [auditor, believer]) apply(one, first.block, first.entries)

  expect(auditor.store.get('entry', first.block.entries[0] ?? '')).toBe(0)
  expect(believer.store.get('entry', first.block.entries[0] ?? '')).toBeUndefined()
  expect(steps()).toBe(1)
})
