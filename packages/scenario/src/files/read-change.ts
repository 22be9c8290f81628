import { parseDocument } from 'yaml'
import { BadScenario } from '../problems.ts'
import type { Scenario, ScenarioPeer } from '../resolve.ts'
import { resolveFault, resolvePeerSetting } from '../resolve-fault.ts'
import type { ScenarioFault } from '../schema/faults/resolved.ts'

/** `{ at: 31s, crash: owner-0 }`, as in a scenario file. Throws `BadScenario`. */
export const readFault = (scenario: Scenario, text: string, place: string): ScenarioFault =>
  resolveFault(scenario, yamlOf(text, place), place)

/** The value of a key under `peers`, as in a scenario file. Throws `BadScenario`. */
export const readPeerSetting = (key: string, text: string, place: string): Partial<ScenarioPeer> =>
  resolvePeerSetting(key, yamlOf(text, place), place)

function yamlOf(text: string, place: string): unknown {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw new BadScenario(place, [{ path: [], expected: 'YAML', found: error.message.split('\n')[0] ?? text }])
  return document.toJS()
}
