import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { Sequence } from './sequence.ts'
import { WaitingLine } from './waiting-line.ts'

test.each(['a', 'b', 'c'])('keeps the order of a plain sorted list through any additions and removals, seed %s', (seed) => {
  const random = randomFrom(seed)
  const line = new WaitingLine()
  let plain: Sequence[] = []
  for (let number = 0; number < 1_500; number++) {
    const [chance, index] = [random.next(), random.below(Math.max(1, plain.length))]
    const gone = plain[chance < 0.8 ? 0 : index]
    if (chance < 0.45 || gone === undefined) {
      const added = waiting(number, random.below(300))
      line.add(added)
      plain = [...plain, added].sort((left, right) => left.order - right.order)
    } else {
      if (chance < 0.8) line.removeAt(0)
      else line.remove(gone)
      plain = plain.filter((other) => other !== gone)
    }
    expect(Array.from({ length: line.size() }, (_, place) => line.at(place))).toStrictEqual(plain)
  }
})

const waiting = (number: number, order: number): Sequence =>
  new Sequence({ id: `r${number}`, promptTokens: 1, answerTokens: 1 }, { number, order, arrivedAt: 0, blockTokens: 16 })
