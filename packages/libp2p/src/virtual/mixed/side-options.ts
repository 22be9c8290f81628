import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import type { GossipReport, LinkModel, PeerSpec } from '@infermesh/sim'
import type { VirtualClock } from '../clock/virtual-clock.ts'
import type { MixedOptions } from './mixed-runtime.ts'

/** The same link model for peers that are numbered on one side only. */
export function numbered(latency: LinkModel, { messages, peers }: Pick<MixedOptions, 'messages' | 'peers'>): LinkModel {
  const places = new Map(messages.order.map((name, place) => [name, place]))
  const own = peers.map(({ name }) => places.get(name) ?? 0)
  return { delay: (from, to, random) => latency.delay(own[from] ?? 0, own[to] ?? 0, random) }
}

/** Measures how long gossip took to a peer as hosts on libp2p do: from signing to arrival, whichever way it came. */
export function timingGossip<M extends AnyMessage, E extends AnyEnvelope>(
  spec: PeerSpec<M, E>,
  { report, clock }: { readonly report: GossipReport; readonly clock: VirtualClock },
): PeerSpec<M, E> {
  const createMachine = (): ReturnType<PeerSpec<M, E>['createMachine']> => {
    const machine = spec.createMachine()
    return {
      handle(input, now) {
        if (input.type === 'gossip' && 'at' in input.envelope && typeof input.envelope.at === 'number')
          report.add(input.topic, now - input.envelope.at, clock.now)
        return machine.handle(input, now)
      },
      ...(machine.validate && { validate: machine.validate.bind(machine) }),
    }
  }
  return { ...spec, createMachine }
}
