import type { Effect, Input, Machine } from '@infermesh/kernel'
import { emit, setTimer } from '@infermesh/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EffectLoop } from './effect-loop.ts'

test('hands over one input at a time and performs its effects in list order, even when effects make inputs', () => {
  const rig = rigOf((input) => (keyOf(input) === 'a' ? [said('a1'), setTimer('b', 0), said('a2')] : [said(keyOf(input))]))
  rig.loop.begin(new Map())

  rig.loop.push(timer('a'))

  expect(rig.done).toEqual(['started', 'a1', 'set b', 'a2', 'b'])
})

test('whatever came before `begin` is handed over after `started`', () => {
  const rig = rigOf((input) => [said(keyOf(input))])

  rig.loop.push(timer('early'))
  expect(rig.done).toEqual([])
  rig.loop.begin(new Map())

  expect(rig.done).toEqual(['started', 'early'])
})

test('a machine that throws is stopped with its input named, and sees nothing more', () => {
  const rig = rigOf((input) => {
    if (keyOf(input) === 'bad') throw new Error('broken invariant')
    return [said(keyOf(input))]
  })
  rig.loop.begin(new Map())

  rig.loop.push(timer('bad'))
  rig.loop.push(timer('later'))

  expect(rig.done).toEqual(['started'])
  expect(rig.fatal).toEqual([['broken invariant', timer('bad')]])
})

test('an effect that fails cuts the rest of its list off', () => {
  const rig = rigOf(() => [said('first'), said('disk full'), said('never')])

  rig.loop.begin(new Map())

  expect(rig.done).toEqual(['first'])
  expect(rig.fatal).toEqual([['disk full', { type: 'started', saved: new Map() }]])
})

test('a retracted input is not handed over', () => {
  const rig = rigOf((input) => (keyOf(input) === 'a' ? [setTimer('b', 0), setTimer('c', 0), said('retract b')] : [said(keyOf(input))]))
  rig.loop.begin(new Map())

  rig.loop.push(timer('a'))

  expect(rig.done).toEqual(['started', 'set b', 'set c', 'c'])
})

test('offers are refused once as many inputs wait as may, pushes never', () => {
  const rig = rigOf(() => [])
  const taken = [1, 2, 3, 4].map(() => rig.loop.offer(timer('x')))

  expect(taken).toEqual([true, true, true, false])
  rig.loop.push(timer('y'))
  rig.loop.begin(new Map())
  expect(rig.steps).toBe(5)
})

test('a machine that keeps itself busy lets the rest of the process have its turn', () => {
  const rig = rigOf(() => [setTimer('again', 0)])

  rig.loop.begin(new Map())

  expect(rig.steps).toBeLessThan(1000)
  expect(rig.later).toHaveLength(1)
  const before = rig.steps
  rig.later[0]?.()
  expect(rig.steps).toBeGreaterThan(before)
})

test('what is gathered makes one turn, with one flush at its end', () => {
  const rig = rigOf((input) => [said(keyOf(input))])
  rig.loop.begin(new Map())
  rig.flushedAt.length = 0

  rig.loop.gather(() => {
    rig.loop.push(timer('a'))
    rig.loop.push(timer('b'))
    expect(rig.done).toEqual(['started'])
  })

  expect(rig.done).toEqual(['started', 'a', 'b'])
  expect(rig.flushedAt).toEqual([3])
})

test('is flushed after the last input of a turn, never between effects', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ maxLength: 2 }), { maxLength: 4 }), { maxLength: 20 }), (lists) => {
      const rig = rigOf((input) => (input.type === 'timer' ? (lists[Number(input.key)] ?? []).map(said) : []))
      rig.loop.begin(new Map())
      rig.done.length = 0
      for (const index of lists.keys()) rig.loop.push(timer(`${index}`))

      expect(rig.done).toEqual(lists.flat())
      expect(rig.flushedAt.every((count, index) => index === 0 || count >= (rig.flushedAt[index - 1] ?? 0))).toBe(true)
      expect(rig.flushedAt.at(-1)).toBe(lists.flat().length)
    }),
  )
})

function rigOf(handle: Machine['handle']) {
  const rig = {
    done: [] as string[],
    fatal: [] as unknown[],
    flushedAt: [] as number[],
    later: [] as (() => void)[],
    steps: 0,
  }
  const perform = (effect: Effect) => {
    if (effect.type === 'setTimer') {
      rig.done.push(`set ${effect.key}`)
      loop.push(timer(effect.key))
      return
    }
    const text = effect.type === 'emit' ? effect.event.type : effect.type
    if (text === 'disk full') throw new Error(text)
    if (text === 'retract b') loop.retract((input) => input.type === 'timer' && input.key === 'b')
    else rig.done.push(text)
  }
  const loop: EffectLoop = new EffectLoop({
    machine: { handle },
    now: () => 0,
    timers: {
      after(_, callback) {
        rig.later.push(callback)
        return () => undefined
      },
    },
    inputsMax: 3,
    perform,
    beforeEffect: undefined,
    flush: () => rig.flushedAt.push(rig.done.length),
    onFatal: (error, input) => rig.fatal.push([error.message, input]),
    onStep: () => rig.steps++,
  })
  return Object.assign(rig, { loop })
}

const timer = (key: string): Input => ({ type: 'timer', key })
const keyOf = (input: Input) => (input.type === 'timer' ? input.key : input.type)
const said = (type: string) => emit({ type })
