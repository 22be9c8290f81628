import { type AnyEnvelope, type AnyMessage, assert } from '@infermesh/kernel'
import { across, cut, type DiskFaultSpec, jam, type LocalAnswer, type LocalCall } from '@infermesh/sim'
import { type Seat, StackRuntime } from './stack-runtime.ts'
import type { StackWorld, StackWorldOptions } from './world-options.ts'

/** A world of whole peers on libp2p, in the thread that `runInWorker` started. Equal options and seed give an equal run. */
export function createStackWorld<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope>(
  options: StackWorldOptions<M, E>,
): StackWorld<M, E> {
  // The peers' codecs make nothing but messages and envelopes of these kinds.
  return stackWorldOn(new StackRuntime(options)) as StackWorld<M, E>
}

/** The world that these parts are, for those who drive more than that. */
export const stackWorldOn = (runtime: StackRuntime): StackWorld => ({
  ...driving(runtime),
  ...peerControl(runtime),
  ...linkControl(runtime),
  ...inspection(runtime),
})

type Driving = 'now' | 'step' | 'run' | 'stop' | 'at' | 'record' | 'flush' | 'traceHash' | 'inputHash' | 'load'
type PeerControl = 'start' | 'ask' | 'crash' | 'restart' | 'pause' | 'resume' | 'setClock' | 'setDisk' | 'syncDisk'
type LinkControl = 'setLineRate' | 'addRule' | 'partition' | 'heal' | 'probe'
type Inspection = 'isUp' | 'machine' | 'store' | 'peerIdOf' | 'host' | 'border'

const driving = ({ clock, trace, inputHash }: StackRuntime): Pick<StackWorld, Driving> => ({
  now: () => Math.floor(clock.now),
  step: () => clock.step(),
  run: (until) => clock.run(until),
  stop: () => clock.stop(),
  at: (when, action) => clock.at(when, action),
  record: (event) => trace.tell(event),
  // Hosts tell their gossip delays by themselves, a virtual second late.
  flush: () => undefined,
  traceHash: () => trace.hash.digest(),
  inputHash: () => inputHash.digest(),
  load: () => ({ performed: clock.performed, pending: clock.pending() }),
})

function peerControl(runtime: StackRuntime): Pick<StackWorld, PeerControl> {
  const { clock } = runtime
  return {
    start(name) {
      for (const seat of name === undefined ? runtime.seats : [runtime.seat(name)]) {
        if (name !== undefined || seat.life === undefined) runtime.start(seat)
      }
    },
    ask: (name, call, onAnswer) => ask(runtime.seat(name), call, (answer) => clock.at(clock.now, () => onAnswer(answer))),
    crash(name, { afterEffects = 0, reason = 'asked for' } = {}) {
      const seat = runtime.seat(name)
      if (afterEffects <= 0) runtime.crash(seat, reason)
      else if (seat.life !== undefined) seat.life.effectsLeft = afterEffects
    },
    restart(name, { wipe = false } = {}) {
      const seat = runtime.seat(name)
      runtime.crash(seat, 'restart')
      if (wipe) seat.store.wipe()
      runtime.start(seat)
    },
    pause(name) {
      const { life } = runtime.seat(name)
      assert(life !== undefined, `${name} is down and cannot be paused`)
      life.owner.isPaused = true
    },
    resume(name) {
      const { life } = runtime.seat(name)
      if (life === undefined) return
      life.owner.isPaused = false
      clock.at(clock.now, () => clock.wake(life.owner))
    },
    setClock(name, { offset, drift = 0 }) {
      assert(drift > -1, `expected a drift above -1, got ${drift}`)
      runtime.seat(name).clock.set({ offset, drift })
    },
    setDisk: (name, fault: DiskFaultSpec | undefined) => runtime.seat(name).store.spoil(fault),
    syncDisk: (name) => runtime.seat(name).store.sync(),
  }
}

function ask({ life, spec }: Seat, call: LocalCall<AnyMessage>, onAnswer: (answer: LocalAnswer<AnyMessage>) => void): () => void {
  if (life !== undefined) return life.ask(call, onAnswer)
  onAnswer({ type: 'failed', failure: { code: 'unreachable', detail: `${spec.name} is down` } })
  return () => undefined
}

function linkControl(runtime: StackRuntime): Pick<StackWorld, LinkControl> {
  const { network, clock } = runtime
  return {
    addRule: (label, rule, isMeant) => network.rules.add(label, rule, isMeant),
    setLineRate(name, rate) {
      const { station } = runtime.seat(name)
      station.up.setRate(rate.up)
      station.down.setRate(rate.down)
    },
    partition(groups, mode = 'jam') {
      for (const name of groups.flat()) runtime.seat(name)
      const filter = across(groups)
      return network.rules.add('partition', mode === 'jam' ? jam(filter) : cut(filter))
    },
    heal: () => network.rules.heal(),
    probe(from, to, onResult, bytes = 0) {
      const sent = clock.now
      const source = runtime.seat(from)
      const target = runtime.seat(to)
      // Like gossip's small talk, and unlike a stream, it is lost where messages are lost.
      const extra = network.judge(source.station, target.station, { channel: 'control', bytes })
      const isLost = extra < 0
      const arrival = isLost ? sent : network.arrival(source.station, target.station, bytes) + extra
      clock.at(arrival, () => onResult(isLost || target.life === undefined ? undefined : arrival - sent))
    },
  }
}

const inspection = (runtime: StackRuntime): Pick<StackWorld, Inspection> => ({
  isUp: (name) => runtime.seat(name).life !== undefined,
  machine: (name) => runtime.seat(name).life?.machine,
  store: (name) => runtime.seat(name).store.load(),
  peerIdOf: (name) => runtime.seat(name).spec.identity.peerId,
  host: (name) => runtime.seat(name).life?.host,
  border: () => undefined,
})
