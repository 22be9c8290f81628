import type { Millis } from '@infermesh/kernel'
import type { CheckFactory } from './check.ts'

interface Holding {
  readonly holder: string
  readonly epoch: number
}

export const timelyTakeover: CheckFactory = ({ directory }) => {
  const { lease, heartbeatEvery } = directory.genesis.parameters
  // Lease expiry on the slowest grantor's clock, detection, ranked backoff of two standbys and the exchange of grants and key shares.
  const bound: Millis = Math.ceil(lease.ttl * (1 + lease.driftPpm / 1e6)) + lease.epsilon + 4 * heartbeatEvery + 5_000
  const holders = new Map<string, Holding>()
  const lost = new Map<string, Millis>()
  const standbys = new Map<string, Set<string>>()
  const down = new Set<string>()
  const covered = (model: string): boolean => [...(standbys.get(model) ?? [])].some((peer) => !down.has(peer))
  const crashed = (name: string, at: Millis): undefined => {
    down.add(name)
    for (const [model, holding] of holders) if (holding.holder === name) lost.set(model, at)
  }
  const acquired = (model: string, holding: Holding, at: Millis): string | undefined => {
    holders.set(model, holding)
    const since = lost.get(model)
    lost.delete(model)
    if (since === undefined || at - since <= bound || !covered(model)) return undefined
    return `${model} had no holder for ${at - since} ms, the bound is ${bound} ms`
  }
  return {
    name: 'L3',
    title: 'after the holder is lost, a live delegated standby holds the lease in bounded time',
    observe({ event, at, peer }) {
      switch (event.type) {
        case 'standbyReady':
          if (event.temperature !== 'cold') standbys.set(event.model, (standbys.get(event.model) ?? new Set()).add(peer))
          return undefined
        case 'peerStarted':
          down.delete(event.name)
          return undefined
        case 'peerCrashed':
          return crashed(event.name, at)
        case 'leaseAcquired':
          return acquired(event.model, { holder: peer, epoch: event.epoch }, at)
        default:
          return undefined
      }
    },
    conclude(end) {
      const [open] = [...lost].filter(([model, since]) => end - since > bound && covered(model))
      return open === undefined ? undefined : `${open[0]} has had no holder since ${open[1]} ms although a standby lives`
    },
  }
}
