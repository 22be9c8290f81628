import type { Millis } from '@infermesh/kernel'
import type { FaultOf } from '@infermesh/scenario'
import type { ActiveFault, FaultHost, Watch } from './fault-host.ts'
import { type Processes, proofOf } from './process-acts.ts'

/** A clock that jumps and runs at a wrong pace. Healing takes both away, as far as time that never goes back lets it. */
export function wrongClock(host: FaultHost, { peers, offset, driftPpm }: FaultOf<'clock'>, watch: Watch): ActiveFault {
  const since = host.now()
  const drift = driftPpm / 1e6
  for (const peer of peers) host.setClock(peer, { offset, drift })
  const errorAt = (now: Millis): number => offset + (now - since) * drift
  const seen = new Map<string, { readonly offset: Millis; readonly wanted: number }>()
  const look = (): void => {
    for (const peer of peers) {
      // A peer shows its clock only when something happens to it.
      const { offset: found, at } = watch.of(peer)
      // A clock that was set back stands still until true time has caught up.
      if (at > since && host.isUp(peer)) seen.set(peer, { offset: found, wanted: Math.max(errorAt(at), since - at) })
    }
  }
  let isHealed = false
  return {
    heal: () => {
      if (isHealed) return
      look()
      isHealed = true
      for (const peer of peers) host.setClock(peer, { offset: -errorAt(host.now()), drift: 0 })
    },
    prove: () => {
      if (!isHealed) look()
      const wrong = [...seen].filter(([, { offset: found, wanted }]) => Math.abs(found - wanted) > slackOf(wanted, host))
      const [[name, first] = ['', { offset: 0, wanted: 0 }]] = wrong.length > 0 ? wrong : [...seen]
      const failure =
        seen.size === 0
          ? 'none of them was up and had to do with time'
          : `the clock of ${name} is off by ${first.offset} ms, asked for ${first.wanted.toFixed(0)} ms`
      return proofOf(
        { offsetMs: first.offset, askedMs: first.wanted, jumpMs: offset, driftPpm },
        seen.size > 0 && wrong.length === 0,
        failure,
      )
    },
  }
}

const slackOf = (wanted: number, { noiseMs = 0 }: FaultHost): number =>
  2 + Math.abs(wanted) * 0.1 + Math.min(noiseMs, Math.abs(wanted) * 0.4)

export function spoiltDisk(
  host: FaultHost,
  fault: FaultOf<'disk'>,
  parts: { readonly watch: Watch; readonly processes: Processes },
): ActiveFault {
  const { peers, trouble, by } = fault
  const { watch, processes } = parts
  for (const peer of peers) {
    watch.restartSaves(peer)
    host.setDisk(peer, trouble === 'slow' ? { type: 'slow', by } : { type: trouble })
  }
  const gone = new Set<string>()
  const saves = new Map<string, { readonly count: number; readonly ms: number }>()
  const note = (): void => {
    for (const peer of peers) {
      if (!host.isUp(peer)) gone.add(peer)
      saves.set(peer, { count: watch.of(peer).saves, ms: watch.of(peer).saveMsMin })
    }
  }
  let isHealed = false
  return {
    heal: () => {
      if (isHealed) return
      note()
      isHealed = true
      for (const peer of peers) {
        host.setDisk(peer, undefined)
        if (trouble !== 'slow' && trouble !== 'lossy') processes.bringUp(peer)
      }
    },
    prove: () => {
      if (!isHealed) note()
      const count = [...saves.values()].reduce((sum, entry) => sum + entry.count, 0)
      if (trouble === 'lossy') return proofOf({ saves: count }, count > 0, 'none of them saved anything while it lasted')
      if (trouble !== 'slow')
        return proofOf({ gone: gone.size, saves: count }, gone.size > 0, 'none of them saved anything while it lasted')
      const fastest = Math.min(...[...saves.values()].filter((entry) => entry.count > 0).map((entry) => entry.ms))
      const isSlow = count > 0 && fastest >= by * 0.9
      const saveMs = Number.isFinite(fastest) ? fastest : -1
      return proofOf(
        { saves: count, saveMs },
        isSlow,
        count === 0 ? 'none of them saved anything while it lasted' : `a save took ${saveMs} ms`,
      )
    },
  }
}
