import { type CheckFactory, checkOver } from './check.ts'

export const honestUnslashed: CheckFactory = ({ directory, liars }) =>
  checkOver(['slashed'], {
    name: 'I8',
    title: 'no honest peer is slashed',
    observe({ event }) {
      if (liars.has(event.accused)) return undefined
      return `${directory.nameOf(event.accused)} was slashed ${event.amount} for receipt ${event.receipt}, and nothing made it lie`
    },
  })
