import type { Owner } from '../clock/owner.ts'
import { Pipe, type PipeEnd } from './pipe.ts'
import type { Station } from './station.ts'
import { HELD, RESET, type VirtualNetwork } from './virtual-network.ts'

/** A dial that a fault swallows is tried again after a second, then two, four, …, as the first packet of a TCP connection is. */
const RETRY_MS = 1000

export interface DialParties {
  readonly station: Station
  readonly owner: Owner
  readonly target: Station
}

export interface Attempt {
  /** Nobody waits for the connection any more. */
  abandon(reason: Error): void
}

/** Tries to reach a station; answers once with this side's end of the new connection, or with the reason why there is none. */
export function connect(network: VirtualNetwork, parties: DialParties, onOutcome: (outcome: PipeEnd | Error) => void): Attempt {
  const { station, owner, target } = parties
  const { clock } = network
  let isOver = false
  const settle = (outcome: PipeEnd | Error) => {
    if (isOver) {
      if (!(outcome instanceof Error)) outcome.pipe.end(outcome, 'reset')
      return
    }
    isOver = true
    onOutcome(outcome)
  }
  const later = (at: number, run: () => void) => clock.push(at, { owner, run })
  const refused = () => settle(new Error(`${target.name} refuses the connection`))
  const knock = () => {
    const { reception, owner: host } = target
    if (host === undefined || host.isDead || reception === undefined) {
      later(clock.now + network.delay(target, station), refused)
      return
    }
    // A peer that stands still takes the connection when it goes on.
    clock.enter(host, () => answer(host))
  }
  const answer = (host: Owner) => {
    if (owner.isDead) return
    const { reception } = target
    if (reception === undefined) {
      later(clock.now + network.delay(target, station), refused)
      return
    }
    const pipe = new Pipe(network, { station, owner }, { station: target, owner: host })
    pipe.listener.deliverAt(clock.now + network.delay(target, station), { bytes: 0, deliver: settle }, pipe.listener.all)
    reception.accept(pipe.listener)
  }
  const send = (wait: number) => {
    if (isOver) return
    const arrival = network.transit(station, target, 0)
    if (arrival === HELD) later(clock.now + wait, () => send(wait * 2))
    else if (arrival === RESET) later(clock.now + network.delay(target, station), refused)
    else clock.at(arrival + furtherTrips(network, parties), knock)
  }
  send(RETRY_MS)
  return { abandon: (reason) => settle(reason) }
}

/** Round trips beyond the one that every dial takes. */
function furtherTrips(network: VirtualNetwork, { station, target }: DialParties): number {
  let time = 0
  for (let trip = 1; trip < network.dialRoundTrips; trip++) time += network.delay(station, target) + network.delay(target, station)
  return time
}
