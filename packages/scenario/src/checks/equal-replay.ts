import { type CheckFactory, checkOver } from './check.ts'

export const equalReplay: CheckFactory = () => {
  const states = new Map<number, string>()
  return checkOver(['blockFinal'], {
    name: 'I12',
    title: 'every settler reaches the same balances from the same log',
    observe({ event, peer }) {
      const state = states.get(event.height)
      states.set(event.height, event.stateRoot)
      if (state === undefined || state === event.stateRoot) return undefined
      return `${peer} has state ${event.stateRoot} at height ${event.height}, another settler ${state}`
    },
  })
}
