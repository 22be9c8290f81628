import { expect, test } from 'vitest'
import { conformanceCases } from './conformance-cases.ts'
import { messageAdapter } from './message-adapter.ts'
import { plantedWorlds } from './planted-worlds.ts'

const broken = await Promise.all(
  plantedWorlds.map(async ({ bug, plant }) => {
    const world = plant(messageAdapter)
    const findings = await Promise.all(conformanceCases.map(async (item) => item.check(await world.run(item)) !== undefined && item.name))
    return { bug, cases: findings.filter((name) => name !== false) }
  }),
)

test.each(broken)('finds the world where $bug', ({ cases }) => {
  expect(cases).not.toEqual([])
})

test.each(conformanceCases)('some wrong world fails: $name', ({ name }) => {
  expect(broken.filter(({ cases }) => cases.includes(name)).map(({ bug }) => bug)).not.toEqual([])
})
