import { type CheckFactory, checkOver } from './check.ts'

/** A request keeps its id under every seal, so a second one that is let in shows: nobody had said that nothing was done with the first. */
export const singleOpening: CheckFactory = () => {
  const opened = new Map<string, string>()
  return checkOver(['sealedOpened'], {
    name: 'I16',
    title: 'a sealed request is let in once, whatever becomes of its relays, its seals and its keys',
    observe({ event, peer, at }) {
      // With a code it was answered under the seal, and no work began.
      if (event.requestId === undefined || event.code !== undefined) return undefined
      const before = opened.get(event.requestId)
      opened.set(event.requestId, `${peer} at ${at} ms`)
      return before === undefined ? undefined : `request ${event.requestId} was let in by ${before}, and again by ${peer} at ${at} ms`
    },
  })
}
