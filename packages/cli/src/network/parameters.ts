import { defaultParameters, type Parameters } from '@infermesh/protocol'
import type { Scenario } from '@infermesh/scenario'

/** The protocol's defaults under the scenario's overrides. */
export const parametersOf = (scenario: Scenario): Parameters => merged(defaultParameters, scenario.parameters) as Parameters

function merged(base: object, over: object): object {
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = result[key]
    result[key] = isRecord(before) && isRecord(value) ? merged(before, value) : value
  }
  return result
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null
