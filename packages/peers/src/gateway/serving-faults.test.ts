import { randomFrom } from '@infermesh/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disjoint, endOf, rangesOf, tokensOf } from '../../test-support/answers.ts'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { published, type ServingWorld, servingWorld } from '../../test-support/serving-world.ts'
import { utf8Bytes } from '../client/utf8.ts'
import { referenceAnswer } from '../operator/answer.ts'
import { weightsFrom } from '../operator/reference-weights.ts'

const { hash } = nodeCryptography
const weights = { seed: published.weights.seed, bytes: 100 }
const prompt = 'What does the contract say?'
const maxTokens = 150
const faulty = ['gateway-0', 'gateway-1', 'operator-0', 'operator-1', 'operator-2', 'hub-0']

test('whatever crashes, stands still or is cut off: each token comes once and right, each request ends, and no chain forks', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), (seed) => {
      const run = servingWorld({ seed, weightsBytes: weights.bytes })
      run.world.start()
      run.world.run(3000)
      const asked = Array.from({ length: 10 }, (_, index) => ask(run, index, 3000 + index * 700))
      disturb(run, seed)
      run.world.run(60_000)

      for (const { heard, from } of asked) {
        expect(tokensOf(heard())).toEqual(expected(from).slice(0, tokensOf(heard()).length))
        expect(endOf(heard()).outcome === 'ok').toBe(tokensOf(heard()).length === maxTokens)
        expect(disjoint(rangesOf(heard()))).toBe(true)
        expect(endOf(heard()).totalMs).toBeLessThanOrEqual(20_500)
      }
      expectNoForks(run)
    }),
    { numRuns: 12 },
  )
}, 60_000)

function ask(run: ServingWorld, seed: number, at: number) {
  let heard: ReturnType<ServingWorld['submit']>['heard'] = []
  run.world.at(at, () => {
    heard = run.submit({ model: published.model, prompt, maxTokens, seed, deadlineMs: 20_000 }).heard
  })
  return { heard: () => heard, from: seed }
}

/** Eight faults at drawn moments; all are over after 20 s. */
function disturb(run: ServingWorld, seed: number): void {
  const random = randomFrom(seed)
  for (let fault = 0; fault < 8; fault++) {
    const at = 3000 + random.below(9000)
    const until = at + 200 + random.below(6000)
    const name = faulty[random.below(faulty.length)] ?? ''
    const kind = random.below(3)
    run.world.at(at, () => {
      if (!run.world.isUp(name)) return
      if (kind === 0) {
        run.world.crash(name)
        run.world.at(until, () => run.world.start(name))
      } else if (kind === 1) {
        run.world.pause(name)
        run.world.at(until, () => run.world.isUp(name) && run.world.resume(name))
      } else {
        const cut = run.world.partition([[name]], 'cut')
        run.world.at(until, () => cut.remove())
      }
    })
  }
}

function expected(seed: number): readonly number[] {
  const weightsRoot = hash(weightsFrom(hash, weights))
  return referenceAnswer({ hash, weightsRoot, prompt: utf8Bytes(prompt), request: { seed } }).tokens(0, maxTokens)
}

function expectNoForks(run: ServingWorld): void {
  const byNumber = new Map<string, string>()
  for (const { id, signer, payload } of run.receipts) {
    const number = `${signer} ${payload.operatorSeq}`
    expect(byNumber.get(number) ?? id).toBe(id)
    byNumber.set(number, id)
  }
}
