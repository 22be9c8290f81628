import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { across, cut, jam, TraceHash } from '@infermesh/sim'
import { stackWorldOn } from '../stack-world.ts'
import type { StackWorld, StackWorldOptions } from '../world-options.ts'
import type { MessageSide } from './mixed-options.ts'
import { MixedRuntime } from './mixed-runtime.ts'
import { shareRule } from './shared-rule.ts'

type Options<M extends AnyMessage, E extends AnyEnvelope> = StackWorldOptions<M, E> & { readonly messages: MessageSide<M, E> }

/** A stack world with further peers that are messages. Whoever drives it sees one world and one trace. */
export function createMixedWorld<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope>(
  options: Options<M, E>,
): StackWorld<M, E> {
  // Machines of both sides get nothing but messages and envelopes of these kinds.
  const runtime = new MixedRuntime(options as unknown as Options<AnyMessage, AnyEnvelope>)
  const stack = stackWorldOn(runtime.stack)
  const world: StackWorld = { ...stack, ...peerControl(runtime, stack), ...linkControl(runtime, stack), ...inspection(runtime, stack) }
  return world as unknown as StackWorld<M, E>
}

type PeerControl = 'start' | 'ask' | 'crash' | 'restart' | 'pause' | 'resume' | 'setClock' | 'setDisk' | 'syncDisk'
type LinkControl = 'setLineRate' | 'addRule' | 'partition' | 'heal' | 'probe'
type Inspection = 'isUp' | 'machine' | 'store' | 'peerIdOf' | 'host' | 'border' | 'flush' | 'inputHash'

function peerControl(runtime: MixedRuntime, stack: StackWorld): Pick<StackWorld, PeerControl> {
  const { messages } = runtime
  const isOnStack = (name: string): boolean => runtime.isOnStack(name)
  return {
    start(name) {
      if (name !== undefined) return isOnStack(name) ? stack.start(name) : messages.do((world) => world.start(name))
      stack.start()
      messages.do((world) => {
        for (const peer of runtime.messageNames) if (!world.isUp(peer)) world.start(peer)
      })
    },
    ask(name, call, onAnswer) {
      if (isOnStack(name)) return stack.ask(name, call, onAnswer)
      const cancel = messages.do((world) => world.ask(name, call, onAnswer))
      return () => messages.do(cancel)
    },
    // The envoy of a peer on libp2p comes and goes with it.
    crash: (name, options) => (isOnStack(name) ? stack.crash(name, options) : messages.do((world) => world.crash(name, options))),
    restart: (name, options) => (isOnStack(name) ? stack.restart(name, options) : messages.do((world) => world.restart(name, options))),
    pause(name) {
      if (isOnStack(name)) stack.pause(name)
      messages.do((world) => world.pause(name))
    },
    resume(name) {
      if (isOnStack(name)) stack.resume(name)
      messages.do((world) => world.resume(name))
    },
    setClock(name, skew) {
      if (isOnStack(name)) stack.setClock(name, skew)
      messages.do((world) => world.setClock(name, skew))
    },
    setDisk: (name, fault) => (isOnStack(name) ? stack.setDisk(name, fault) : messages.do((world) => world.setDisk(name, fault))),
    syncDisk: (name) => (isOnStack(name) ? stack.syncDisk(name) : messages.do((world) => world.syncDisk(name))),
  }
}

function linkControl(runtime: MixedRuntime, stack: StackWorld): Pick<StackWorld, LinkControl> {
  const { messages } = runtime
  const addRule: StackWorld['addRule'] = (...rule) =>
    shareRule([stack.addRule, (...own) => messages.do((world) => held(world.addRule(...own)))], ...rule)
  // A rule that goes lets go of what it held: that is done at its instant, too.
  const held = (handle: ReturnType<StackWorld['addRule']>) => ({ ...handle, remove: () => messages.do(() => handle.remove()) })
  return {
    addRule,
    setLineRate(name, rate) {
      if (runtime.isOnStack(name)) stack.setLineRate(name, rate)
      messages.do((world) => world.setLineRate(name, rate))
    },
    partition(groups, mode = 'jam') {
      for (const name of groups.flat()) messages.world.isUp(name)
      const filter = across(groups)
      return addRule('partition', mode === 'jam' ? jam(filter) : cut(filter))
    },
    heal() {
      stack.heal()
      messages.do((world) => world.heal())
    },
    probe(from, to, onResult, bytes) {
      const isOnStack = runtime.isOnStack(from) && runtime.isOnStack(to)
      if (isOnStack) stack.probe(from, to, onResult, bytes)
      else messages.do((world) => world.probe(from, to, onResult, bytes))
    },
  }
}

function inspection(runtime: MixedRuntime, stack: StackWorld): Pick<StackWorld, Inspection> {
  const { messages, border } = runtime
  const of = (name: string) => (runtime.isOnStack(name) ? stack : messages.world)
  return {
    isUp: (name) => of(name).isUp(name),
    machine: (name) => of(name).machine(name),
    store: (name) => of(name).store(name),
    peerIdOf: (name) => of(name).peerIdOf(name),
    host: (name) => (runtime.isOnStack(name) ? stack.host(name) : undefined),
    border: () => ({ ...border.counts }),
    flush: () => runtime.report.flush(),
    inputHash() {
      const both = new TraceHash()
      both.addText(stack.inputHash())
      both.addText(messages.world.inputHash())
      return both.digest()
    },
  }
}
