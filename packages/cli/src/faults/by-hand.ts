import { BadScenario, type ScenarioFault } from '@infermesh/scenario'
import type { FaultTable } from '@infermesh/testnet'
import type { ProcessFaults } from './process-faults.ts'

/** What is measured with probes is known at once; the rest shows in what the peers do later. */
const probed: ReadonlySet<string> = new Set(['partition', 'delay', 'jitter', 'loss', 'bandwidth'])

type Options = Readonly<Record<string, unknown>>

/** How a fault that one peer is given by hand would be written in a scenario. `to` narrows its links to those with others. */
const written: Readonly<Record<string, (peer: string, options: Options) => Options>> = {
  partition: (peer, { value: _, to, ...rest }) => ({ partition: to === undefined ? [[peer]] : [[peer], listOf(to)], ...rest }),
  delay: onLinks('delay'),
  jitter: onLinks('jitter'),
  loss: onLinks('loss'),
  reorder: onLinks('reorder'),
  duplicate: onLinks('duplicate'),
  reset: onLinks('reset'),
  bandwidth: (peer, { value, ...rest }) => ({ bandwidth: value, on: peer, ...rest }),
  clock: (peer, { value, ...rest }) => ({ clock: peer, ...(value === undefined ? {} : { offset: value }), ...rest }),
  disk: (peer, { value, ...rest }) => ({ disk: value, on: peer, ...rest }),
}

function onLinks(kind: string): (peer: string, options: Options) => Options {
  return (peer, { value, to, ...rest }) => ({ [kind]: value, on: to === undefined ? peer : [[peer], listOf(to)], ...rest })
}

const listOf = (names: unknown): readonly unknown[] => (Array.isArray(names) ? names : [names])

/** The faults of scenarios, for the hands of a person at a running testnet. They last until `heal`, or for as long as `for` says. */
export function faultsByHand(faults: ProcessFaults, read: (text: string, place: string) => ScenarioFault): FaultTable {
  const given = new Map<string, Set<ScenarioFault>>()
  const heal = async (peer: string, fault: ScenarioFault): Promise<void> => {
    given.get(peer)?.delete(fault)
    await faults.heal(fault)
  }
  const apply = async (kind: string, peer: string, options: unknown): Promise<Readonly<Record<string, number>>> => {
    const fault = read(JSON.stringify(entryOf(kind, peer, options)), kind)
    given.set(peer, (given.get(peer) ?? new Set()).add(fault))
    await faults.apply(fault)
    const { measured, failure } = faults.proofOf(fault)
    if (failure !== undefined && probed.has(kind)) {
      await heal(peer, fault)
      throw new Error(`${kind} ${peer} does not act: ${failure}`)
    }
    if (fault.until !== undefined) setTimeout(() => void heal(peer, fault), fault.until).unref()
    return measured
  }
  const kinds = Object.keys(written).map((kind) => [kind, (peer: string, options: unknown) => apply(kind, peer, options)] as const)
  return {
    ...Object.fromEntries(kinds),
    heal: async (peer) => {
      const all = [...(given.get(peer) ?? [])]
      for (const fault of all) await heal(peer, fault)
      return { healed: all.length }
    },
  }
}

function entryOf(kind: string, peer: string, options: unknown): Options {
  const known: Options = typeof options === 'object' && options !== null ? { ...options } : { value: options }
  const entry = written[kind]?.(peer, known)
  if (entry === undefined) throw new BadScenario(kind, [{ path: [], expected: Object.keys(written).join(', '), found: kind }])
  return { at: '0s', ...('for' in entry ? {} : { lasting: true }), ...entry }
}
