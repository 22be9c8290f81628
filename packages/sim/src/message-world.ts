import { type AnyEnvelope, type AnyMessage, assert } from '@infermesh/kernel'
import { localTime } from './clock-skew.ts'
import { setDisk, syncDisk } from './disk.ts'
import { cut, jam } from './link-faults.ts'
import { across, type RuleHandle } from './link-rule.ts'
import type { Peer } from './peer.ts'
import { Runtime } from './runtime.ts'
import type { MessageWorld, MessageWorldOptions } from './world.ts'

/** A world of message-level peers. No peer runs before `start`. Equal options give an equal run, to the last bit. */
export function createMessageWorld<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope>(
  options: MessageWorldOptions<M, E>,
): MessageWorld<M, E> {
  const runtime = new Runtime(options)
  const byName = new Map(runtime.peers.map((peer) => [peer.spec.name, peer]))
  assert(byName.size === options.peers.length, 'peer names must be unique')
  assert(runtime.peersById.size === options.peers.length, 'peer ids must be unique')
  const named = (name: string): Peer<M, E> => {
    const peer = byName.get(name)
    assert(peer !== undefined, `no peer is called ${name}; there are ${[...byName.keys()].slice(0, 20).join(', ')}`)
    return peer
  }
  return { ...driving(runtime), ...peerControl(runtime, named), ...linkControl(runtime, named), ...inspection(named) }
}

type Named<M extends AnyMessage, E extends AnyEnvelope> = (name: string) => Peer<M, E>
type Driving = 'now' | 'step' | 'run' | 'stop' | 'at' | 'record' | 'flush' | 'traceHash' | 'inputHash' | 'load' | 'gossipCounts'
type PeerControl = 'start' | 'ask' | 'inject' | 'crash' | 'restart' | 'pause' | 'resume' | 'setClock' | 'setDisk' | 'syncDisk'
type LinkControl = 'setLineRate' | 'addRule' | 'partition' | 'heal' | 'probe'
type Inspection = 'isUp' | 'machine' | 'store' | 'peerIdOf'

const driving = <M extends AnyMessage, E extends AnyEnvelope>(runtime: Runtime<M, E>): Pick<MessageWorld<M, E>, Driving> => ({
  now: () => Math.floor(runtime.now),
  step: () => runtime.step(),
  run: (until) => runtime.run(until),
  stop: () => {
    runtime.isStopped = true
  },
  at: (when, action) => runtime.later(when, action),
  record: (event) => runtime.tell(event),
  flush: () => runtime.parts.report?.flush(),
  traceHash: () => runtime.traceHash.digest(),
  inputHash: () => runtime.inputHash.digest(),
  load: () => ({ performed: runtime.performed, pending: runtime.queue.size }),
  gossipCounts: () => ({ ...runtime.parts.sender.counts }),
})

function peerControl<M extends AnyMessage, E extends AnyEnvelope>(
  runtime: Runtime<M, E>,
  named: Named<M, E>,
): Pick<MessageWorld<M, E>, PeerControl> {
  return {
    start(name) {
      for (const peer of name === undefined ? runtime.peers : [named(name)]) {
        if (name !== undefined || peer.machine === undefined) runtime.start(peer)
      }
    },
    ask: (name, { stream, message, timeout = 30_000 }, onAnswer) =>
      runtime.parts.streams.ask(named(name), { stream, message, timeout }, onAnswer),
    inject: (name, input) => runtime.deliver(named(name), input),
    crash(name, { afterEffects = 0, reason = 'asked for' } = {}) {
      const peer = named(name)
      if (afterEffects > 0) peer.effectsLeft = afterEffects
      else runtime.crash(peer, reason)
    },
    restart(name, { wipe = false } = {}) {
      const peer = named(name)
      runtime.crash(peer, 'restart')
      if (wipe) peer.store = undefined
      runtime.start(peer)
    },
    pause(name) {
      const peer = named(name)
      assert(peer.machine !== undefined, `${name} is down and cannot be paused`)
      peer.isPaused = true
    },
    resume: (name) => runtime.resume(named(name)),
    setClock(name, { offset, drift = 0 }) {
      assert(drift > -1, `expected a drift above -1, got ${drift}`)
      const peer = named(name)
      const shown = peer.skew === undefined ? runtime.now : localTime(peer.skew, runtime.now)
      peer.skew = { since: runtime.now, local: shown + offset, rate: 1 + drift }
    },
    setDisk: (name, fault) => setDisk(named(name), fault),
    syncDisk: (name) => syncDisk(named(name)),
  }
}

function linkControl<M extends AnyMessage, E extends AnyEnvelope>(
  runtime: Runtime<M, E>,
  named: Named<M, E>,
): Pick<MessageWorld<M, E>, LinkControl> {
  const handles = new Set<RuleHandle>()
  const addRule: MessageWorld<M, E>['addRule'] = (label, rule, isMeant) => {
    const handle = runtime.parts.network.rules.add(label, rule, isMeant)
    handles.add(handle)
    return handle
  }
  return {
    addRule,
    setLineRate(name, rate) {
      const { bandwidth } = runtime.parts.network
      assert(bandwidth !== undefined, 'a line rate can change only in a world made with `bandwidth`')
      bandwidth.setRate(named(name).index, rate)
    },
    partition(groups, mode = 'jam') {
      for (const name of groups.flat()) named(name)
      const filter = across(groups)
      return addRule('partition', mode === 'jam' ? jam(filter) : cut(filter))
    },
    heal() {
      for (const handle of handles) handle.remove()
      handles.clear()
    },
    probe(from, to, onResult, bytes = 0) {
      const sent = runtime.now
      const target = named(to)
      const arrival = runtime.parts.network.transit(named(from), target, 'control', { bytes, now: sent, mayOverflow: true })
      runtime.later(Math.max(arrival, sent), () => onResult(arrival < 0 || target.machine === undefined ? undefined : arrival - sent))
    },
  }
}

const inspection = <M extends AnyMessage, E extends AnyEnvelope>(named: Named<M, E>): Pick<MessageWorld<M, E>, Inspection> => ({
  isUp: (name) => named(name).machine !== undefined,
  machine: (name) => named(name).machine,
  store: (name) => named(name).store ?? new Map(),
  peerIdOf: (name) => named(name).spec.peerId,
})
