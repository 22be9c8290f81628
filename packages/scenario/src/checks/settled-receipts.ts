import type { Millis } from '@infermesh/kernel'
import type { CheckFactory } from './check.ts'

export const settledReceipts: CheckFactory = ({ directory }) => {
  const { challengeWindow, batch, blockEvery, roundTimeout } = directory.genesis.parameters.settlement
  const { commitWithin, revealWithin } = directory.genesis.parameters.audit
  // The window, one batch's age, an audit through all three stages, and a few slow rounds of consensus.
  const bound: Millis = challengeWindow + batch.maxAge + 3 * (commitWithin + revealWithin) + 4 * (blockEvery + roundTimeout)
  const waiting = new Map<string, Millis>()
  return {
    name: 'L2',
    title: 'every valid receipt is final in bounded time',
    observe({ event, at }) {
      if (event.type === 'entryLogged' && event.kind === 'receipt' && !waiting.has(event.entry)) waiting.set(event.entry, at)
      if (event.type === 'receiptVoid') waiting.set(event.receipt, Number.POSITIVE_INFINITY)
      if (event.type !== 'leafSettled') return undefined
      const since = waiting.get(event.receipt)
      waiting.set(event.receipt, Number.POSITIVE_INFINITY)
      return since !== undefined && at - since > bound
        ? `receipt ${event.receipt} took ${at - since} ms to be final, the bound is ${bound} ms`
        : undefined
    },
    conclude(end) {
      const [late] = [...waiting].filter(([, since]) => end - since > bound)
      return late === undefined ? undefined : `receipt ${late[0]} was logged at ${late[1]} ms and is not final at ${end} ms`
    },
  }
}
