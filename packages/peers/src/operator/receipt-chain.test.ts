import { defaultParameters, toHex } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { profile, published, type ServingWorld, servingWorld } from '../../test-support/serving-world.ts'
import type { AnswerEvent } from '../client/answer-events.ts'

const ask = { model: published.model, promptTokens: 10, maxTokens: 20, seed: 3 }

test('a crash between any two effects loses no receipt and never gives one number to two', () => {
  let crashes = 0
  for (let cut = 1; ; cut++) {
    const outcome = crashedAfter(cut)
    if (outcome === undefined) break
    const { run, heard } = outcome
    crashes++
    expectOneChain(run, cut)
    const shown = heard.flatMap((event) => (event.kind === 'receipt' ? [event.id] : []))
    const gossiped = new Set(run.receipts.map(({ id }) => id))
    expect(shown.filter((id) => !gossiped.has(id))).toEqual([])
  }
  expect(crashes).toBeGreaterThan(30)
}, 60_000)

/** The only operator crashes in the middle of a request, comes back, and answers another one. Absent when the request needs fewer effects. */
function crashedAfter(cut: number): { run: ServingWorld; heard: readonly AnswerEvent[] } | undefined {
  const serving = { ...defaultParameters.serving, receiptTokens: 8 }
  const operator = { profile, publishes: [], serves: [published.model] }
  const run = servingWorld({
    operators: 1,
    weightsBytes: 100,
    parameters: { serving },
    operator: (_, config) => ({ ...operator, ...config }),
  })
  run.world.start()
  run.world.run(3000)
  const first = run.submit(ask)
  run.world.crash('operator-0', { afterEffects: cut })
  run.world.run(3500)
  if (run.world.isUp('operator-0')) return undefined
  run.world.start('operator-0')
  run.world.run(7000)
  const second = run.submit({ ...ask, seed: 4 })
  run.world.run(20_000)
  expect(second.heard.at(-1)).toMatchObject({ outcome: 'ok' })
  return { run, heard: [...first.heard, ...second.heard] }
}

function expectOneChain(run: ServingWorld, cut: number): void {
  const byNumber = new Map<number, string>()
  for (const { id, payload } of run.receipts) {
    expect(byNumber.get(payload.operatorSeq) ?? id, `two receipts with number ${payload.operatorSeq}, cut ${cut}`).toBe(id)
    byNumber.set(payload.operatorSeq, id)
    expect(toHex(payload.previous)).toBe(byNumber.get(payload.operatorSeq - 1) ?? '')
  }
  const saved = [...run.world.store('operator-0').keys()].filter((key) => key.startsWith('receipt/'))
  expect([...byNumber.keys()]).toEqual(saved.map((_, number) => number))
  const traced = new Set(run.events('receiptIssued').map(({ receipt, operatorSeq }) => `${operatorSeq} ${receipt}`))
  expect([...traced].sort()).toEqual([...byNumber].map(([number, id]) => `${number} ${id}`).sort())
}
