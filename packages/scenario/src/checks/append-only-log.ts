import { type CheckFactory, checkOver } from './check.ts'

export const appendOnlyLog: CheckFactory = () => {
  const roots = new Map<number, string>()
  const sizes = new Map<number, number>()
  return checkOver(['blockFinal'], {
    name: 'I9',
    title: 'the log only grows, and all settlers have the same one',
    observe({ event, peer }) {
      const root = roots.get(event.height)
      if (root !== undefined && root !== event.logRoot)
        return `${peer} has log root ${event.logRoot} at height ${event.height}, another settler ${root}`
      roots.set(event.height, event.logRoot)
      sizes.set(event.height, event.logSize)
      const before = sizes.get(event.height - 1)
      return before !== undefined && event.logSize < before
        ? `the log shrank from ${before} to ${event.logSize} at height ${event.height}`
        : undefined
    },
  })
}
