import type { Millis } from '@infermesh/kernel'
import { CALM_EVENTS, Calm } from './calm.ts'
import { type CheckFactory, checkOver } from './check.ts'

interface Waiting {
  readonly since: Millis
  readonly operator: string
  readonly isLogged: boolean
}

/** From the receipt's signing, or from the moment the network became calm after it, whichever is later. */
export const settledReceipts: CheckFactory = ({ directory, liars }) => {
  const { challengeWindow, batch, blockEvery, roundTimeout } = directory.genesis.parameters.settlement
  const { commitWithin, revealWithin } = directory.genesis.parameters.audit
  // The window, one batch's age, an audit through all three stages, and a few slow rounds of consensus.
  const final: Millis = challengeWindow + batch.maxAge + 3 * (commitWithin + revealWithin) + 4 * (blockEvery + roundTimeout)
  const areSettlers = directory.all('settler').length > 0
  const calm = new Calm(directory)
  const waiting = new Map<string, Waiting>()
  const over = new Set<string>()
  const lateBy = ({ since, isLogged }: Waiting, now: Millis): Millis => {
    const calmSince = calm.since()
    return calmSince === undefined ? 0 : now - Math.max(since, calmSince) - (isLogged ? final : final + REPUBLISHED)
  }
  const end = (receipt: string): void => {
    waiting.delete(receipt)
    over.add(receipt)
  }
  return checkOver([...CALM_EVENTS, 'receiptIssued', 'entryLogged', 'receiptVoid', 'leafSettled'], {
    name: 'L2',
    title: 'every valid receipt is final in bounded time',
    observe(record) {
      calm.observe(record)
      const { event, at, peer } = record
      if (event.type === 'receiptIssued' && areSettlers && !isLiar(peer) && !waiting.has(event.receipt) && !over.has(event.receipt))
        waiting.set(event.receipt, { since: at, operator: peer, isLogged: false })
      if (event.type === 'entryLogged' && event.kind === 'receipt' && !over.has(event.entry)) {
        const known = waiting.get(event.entry)
        if (known?.isLogged !== true) waiting.set(event.entry, { since: at, operator: known?.operator ?? '', isLogged: true })
      }
      if (event.type === 'receiptVoid') end(event.receipt)
      if (event.type !== 'leafSettled') return undefined
      const known = waiting.get(event.receipt)
      end(event.receipt)
      const late = known === undefined ? 0 : lateBy(known, at)
      return late > 0 ? `receipt ${event.receipt} was final ${late} ms later than the bound` : undefined
    },
    conclude(now) {
      // What a dead operator has on its disk only comes with its return.
      const [late] = [...waiting].filter(([, entry]) => lateBy(entry, now) > 0 && (entry.isLogged || !calm.isDown(entry.operator)))
      if (late === undefined) return undefined
      const [receipt, { since, operator, isLogged }] = late
      return `receipt ${receipt} was ${isLogged ? 'logged' : `signed by ${operator}`} at ${since} ms and is not ${isLogged ? 'final' : 'in the log'} at ${now} ms`
    },
  })

  function isLiar(name: string): boolean {
    const member = directory.named(name)
    return member !== undefined && liars.has(member.peerId)
  }
}

/** An operator says an unlogged receipt again after 5, 10, 20, … s: two of these, after a loss. */
const REPUBLISHED: Millis = 16_000
