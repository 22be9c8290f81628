import { randomFrom } from '@infermesh/kernel'
import { NoProgress } from '@infermesh/sim'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Owner } from './owner.ts'
import { VirtualClock } from './virtual-clock.ts'
import { clearTimer, VirtualTimer } from './virtual-timer.ts'

const clockAndPeers = (count: number) => {
  const clock = new VirtualClock(randomFrom(1))
  const peers = Array.from({ length: count }, (_, index) => new Owner({ name: `p${index}`, index, random: randomFrom(index) }))
  return { clock, peers }
}

test('events come in the order of time, and of insertion where times are equal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), async (times) => {
      const { clock } = clockAndPeers(0)
      const seen: { readonly time: number; readonly index: number }[] = []
      times.forEach((time, index) => {
        clock.at(time, () => seen.push({ time, index }))
      })
      await clock.run(50)

      expect(seen).toEqual(times.map((time, index) => ({ time, index })).sort((a, b) => a.time - b.time || a.index - b.index))
    }),
    { numRuns: 30 },
  )
})

test('all that an event sets off in micro-tasks ends before the next event, and belongs to the same owner', async () => {
  const { clock, peers } = clockAndPeers(2)
  const seen: string[] = []
  for (const owner of peers) {
    clock.push(5, {
      owner,
      async run() {
        for (let step = 0; step < 20; step++) await undefined
        seen.push(`${owner.name} ${clock.owner.name}`)
        new VirtualTimer({ clock, delay: 10, isRepeated: false, callback: () => seen.push(`timer ${clock.owner.name} ${clock.now}`) })
      },
    })
  }
  await clock.run(100)

  expect(seen).toEqual(['p0 p0', 'p1 p1', 'timer p0 15', 'timer p1 15'])
})

test('what reaches a stopped peer comes when it goes on, in order and before what comes then', async () => {
  const { clock, peers } = clockAndPeers(1)
  const [owner] = peers
  if (owner === undefined) return
  const seen: string[] = []
  for (const time of [10, 20, 20, 30]) clock.push(time, { owner, run: () => seen.push(`${time} at ${clock.now}`) })
  clock.at(5, () => {
    owner.isPaused = true
  })
  clock.at(30, () => {
    owner.isPaused = false
    clock.wake(owner)
  })
  clock.push(30, { owner, run: () => seen.push(`after at ${clock.now}`) })
  await clock.run(100)

  expect(seen).toEqual(['10 at 30', '20 at 30', '20 at 30', '30 at 30', 'after at 30'])
})

test('a busy disk puts off a peer’s timers and events, and a dead peer has none', async () => {
  const { clock, peers } = clockAndPeers(2)
  const [busy, dead] = peers
  if (busy === undefined || dead === undefined) return
  const seen: string[] = []
  clock.push(10, {
    owner: busy,
    run() {
      clock.stall(busy, 50)
      new VirtualTimer({ clock, delay: 5, isRepeated: false, callback: () => seen.push(`timer at ${clock.now}`) })
    },
  })
  clock.push(20, { owner: busy, run: () => seen.push(`event at ${clock.now}`) })
  clock.push(20, { owner: dead, run: () => seen.push('never') })
  clock.at(15, () => {
    dead.isDead = true
  })
  await clock.run(100)

  expect(seen).toEqual(['event at 60', 'timer at 65'])
})

test('timers repeat, can be put off, and are cleared by object, by number or not at all', async () => {
  const { clock } = clockAndPeers(0)
  const seen: string[] = []
  const timer = (name: string, isRepeated = false) =>
    new VirtualTimer({ clock, delay: 10, isRepeated, callback: () => seen.push(`${name} ${clock.now}`) })
  const every = timer('every', true)
  const putOff = timer('put off')
  clearTimer(timer('cleared'))
  clearTimer(Number(timer('by number')))
  clearTimer(undefined)
  clearTimer(null)
  clock.at(5, () => putOff.refresh())
  clock.at(25, () => clearTimer(every))
  await clock.run(100)

  expect(seen).toEqual(['every 10', 'put off 15', 'every 20'])
})

test('time stands still while work is out of the thread', async () => {
  const { clock } = clockAndPeers(0)
  const seen: string[] = []
  let finish = () => {}
  clock.at(10, () => {
    const work = new Promise<void>((resolve) => {
      finish = resolve
    })
    void clock.work.hold(work).then(() => seen.push(`work ends at ${clock.now}`))
  })
  clock.at(11, () => seen.push('next event'))
  const running = clock.run(20)
  while (clock.now < 10) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setTimeout(resolve, 5))
  finish()
  await running

  expect(seen).toEqual(['work ends at 10', 'next event'])
})

test('a world that spins at one instant stops, and names who spins', async () => {
  const { clock, peers } = clockAndPeers(3)
  clock.guard(300, 7)
  const [, spinner] = peers
  if (spinner === undefined) return
  const spin = () => clock.enter(spinner, spin)
  clock.at(5, spin)

  await expect(clock.run(10)).rejects.toSatisfy((error) => error instanceof NoProgress && error.peers[0] === 'p1')
})
