import type { Lie } from '@infermesh/peers'
import { identityFromSeed, seedOf } from '@infermesh/protocol/node'
import type { FaultOf, Scenario } from '@infermesh/scenario'

/** Made-up identities of one liar. */
const MASKS = 16

/** What a scenario makes one peer lie about. An eclipse is told to the links instead. */
export function liesOf(name: string, scenario: Scenario, peerIds: ReadonlyMap<string, string>): readonly Lie[] {
  return scenario.faults
    .filter((fault): fault is FaultOf<'lie'> => fault.kind === 'lie' && fault.lie !== 'eclipse' && fault.peers.includes(name))
    .map(({ lie: kind, at, until, options }) => {
      const { victims, ...rest } = options
      return {
        kind,
        from: at,
        ...(until === undefined ? {} : { until }),
        ...rest,
        victims: victims.map((victim) => peerIds.get(victim) ?? victim),
        ...(kind === 'sybils' ? { masks: masksOf(name) } : {}),
      }
    })
}

const masksOf = (name: string) => Array.from({ length: MASKS }, (_, mask) => identityFromSeed(seedOf('mask', `${name}/${mask}`)))
