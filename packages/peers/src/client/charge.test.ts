import { chargeOf, defaultParameters } from '@infermesh/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { highestCharge } from './charge.ts'

const { serving } = defaultParameters
const price = fc.nat(20_000_000)
const anyRequest = fc.record({
  prices: fc.record({ pricePromptPerMillion: price, priceAnswerPerMillion: price }),
  size: fc.record({ promptTokens: fc.nat(5000), maxTokens: fc.integer({ min: 1, max: 2000 }) }),
  breaks: fc.array(fc.nat(2000), { maxLength: serving.attempts - 1 }),
})

test('no way to cut an answer into receipts costs more than the highest charge', () => {
  fc.assert(
    fc.property(anyRequest, ({ prices, size, breaks }) => {
      const { promptTokens, maxTokens } = size
      const starts = [...new Set([0, ...breaks.map((at) => at % maxTokens)])].sort((a, b) => a - b)
      let total = 0
      starts.forEach((start, index) => {
        const end = starts[index + 1] ?? maxTokens
        for (let from = start; from < end; from += serving.receiptTokens) {
          total += chargeOf(prices, { promptTokens, from, to: Math.min(end, from + serving.receiptTokens) })
        }
      })

      expect(total).toBeLessThanOrEqual(highestCharge(prices, size, serving))
    }),
  )
})
