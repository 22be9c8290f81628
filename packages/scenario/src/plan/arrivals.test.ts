import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { arrivalsOf, type LoadEntry } from './arrivals.ts'

const hour: LoadEntry = {
  client: 5,
  model: 'a/b@1.0',
  rate: 5.53,
  from: 0,
  until: 3_600_000,
  like: 'azure-conversation-2023',
  maxAnswer: 65_536,
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

test('a load like a published trace has its rate, lengths and burstiness', () => {
  const arrivals = arrivalsOf(hour, 0, randomFrom(1))

  const gaps = arrivals.slice(1).map((arrival, index) => arrival.at - (arrivals[index]?.at ?? 0))
  const gap = mean(gaps)
  const deviation = Math.sqrt(mean(gaps.map((each) => (each - gap) * (each - gap))))
  expect(arrivals.length / 3_600).toBeCloseTo(5.53, 0)
  expect(deviation / gap).toBeCloseTo(1.09, 1)
  expect(Math.abs(mean(arrivals.map((arrival) => arrival.promptTokens)) / 1_155 - 1)).toBeLessThan(0.03)
  expect(Math.abs(median(arrivals.map((arrival) => arrival.promptTokens)) / 1_020 - 1)).toBeLessThan(0.03)
  expect(Math.abs(mean(arrivals.map((arrival) => arrival.maxTokens)) / 211 - 1)).toBeLessThan(0.05)
  expect(Math.abs(median(arrivals.map((arrival) => arrival.maxTokens)) / 129 - 1)).toBeLessThan(0.05)
})

test('equal seeds give equal arrivals, another seed gives others', () => {
  const first = arrivalsOf(hour, 0, randomFrom(1))

  expect(arrivalsOf(hour, 0, randomFrom(1))).toEqual(first)
  expect(arrivalsOf(hour, 0, randomFrom(2))).not.toEqual(first)
})

test('a trace keeps its own times, or is stretched to the asked rate', () => {
  const rows = Array.from({ length: 101 }, (_, index) => ({ at: index * 100, promptTokens: 10, answerTokens: 20 }))
  const { rate: _rate, like: _like, ...entry } = hour

  const own = arrivalsOf({ ...entry, trace: 'x', from: 1_000 }, 0, randomFrom(1), rows)
  const slower = arrivalsOf({ ...entry, trace: 'x', from: 1_000, rate: 5 }, 0, randomFrom(1), rows)

  expect(own.map((arrival) => arrival.at)).toEqual(rows.map((row) => row.at + 1_000))
  expect(slower.at(-1)?.at).toBe(1_000 + 20_000)
})
