import type { Millis } from '@infermesh/kernel'
import { CALM_EVENTS, Calm } from './calm.ts'
import { type CheckFactory, checkOver } from './check.ts'
import { ReadyStandbys } from './ready-standbys.ts'

interface Holding {
  readonly holder: string
  readonly epoch: number
}

export const timelyTakeover: CheckFactory = ({ directory, liars }) => {
  const { lease, heartbeatEvery } = directory.genesis.parameters
  // Lease expiry on the slowest grantor's clock, detection, ranked backoff of two standbys and the exchange of grants and key shares.
  const bound: Millis = Math.ceil(lease.ttl * (1 + lease.driftPpm / 1e6)) + lease.epsilon + 4 * heartbeatEvery + 5_000
  // Operators may come and go: that is what a takeover is for.
  const calm = new Calm(directory, ['grantor'])
  const holders = new Map<string, Holding>()
  const lost = new Map<string, Millis>()
  const standbys = new ReadyStandbys()
  const canTakeOver = (name: string): boolean => !calm.isDown(name) && !liars.has(directory.named(name)?.peerId ?? '')
  const crashed = (name: string, at: Millis): undefined => {
    for (const [model, holding] of holders) if (holding.holder === name) lost.set(model, at)
    standbys.die(name)
  }
  /** Infinitely early where nobody could. */
  const lateBy = (model: string, since: Millis, now: Millis): Millis => {
    const calmSince = calm.since()
    return calmSince === undefined ? 0 : now - Math.max(since, calmSince, standbys.earliest(model, canTakeOver)) - bound
  }
  const acquired = (model: string, holding: Holding, at: Millis): string | undefined => {
    holders.set(model, holding)
    const since = lost.get(model)
    lost.delete(model)
    const late = since === undefined ? 0 : lateBy(model, since, at)
    return late > 0 ? `${model} got a holder ${late} ms later than the bound of ${bound} ms` : undefined
  }
  return checkOver([...CALM_EVENTS, 'standbyReady', 'revoked', 'leaseAcquired'], {
    name: 'L3',
    title: 'after the holder is lost, a live delegated standby holds the lease in bounded time',
    observe(record) {
      calm.observe(record)
      const { event, at, peer } = record
      switch (event.type) {
        case 'standbyReady':
          if (event.temperature !== 'cold') standbys.add(event.model, peer, at)
          return undefined
        case 'revoked':
          standbys.revoke(event.model, directory.nameOf(event.standby))
          return undefined
        case 'peerCrashed':
          return crashed(event.name, at)
        case 'leaseAcquired':
          return acquired(event.model, { holder: peer, epoch: event.epoch }, at)
        default:
          return undefined
      }
    },
    conclude(now) {
      const [open] = [...lost].filter(([model, since]) => lateBy(model, since, now) > 0)
      return open === undefined ? undefined : `${open[0]} has had no holder since ${open[1]} ms although a standby lives`
    },
  })
}
