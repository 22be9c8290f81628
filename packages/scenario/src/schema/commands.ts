import type { Millis } from '@infermesh/kernel'
import { z } from 'zod'
import { modelName, temperature } from './models.ts'
import { duration, peerName } from './quantities.ts'

const at = duration.meta({ description: 'When the owner says so, from the start of the run' })
const model = modelName.meta({ description: 'A private model; its owner gives the command' })

/** One of the owner's commands on the running network. */
export const command = z.union([
  z.strictObject({ at, revoke: peerName.meta({ description: 'The standby that loses its right' }), model }),
  z.strictObject({
    at,
    delegate: peerName.meta({ description: 'The operator that may stand by from now on' }),
    model,
    temperature: temperature.default('warm'),
  }),
  z.strictObject({ at, handback: model.meta({ description: 'A private model whose lease the owner wants back' }) }),
])

export type CommandEntry = z.output<typeof command>

/** A command as a world gives it to a peer. JSON-safe. */
export interface ScenarioCommand {
  readonly at: Millis
  readonly peer: string
  readonly name: 'revoke' | 'delegate' | 'handback'
  /** JSON, as the peer reads it. */
  readonly argument: string
}

export const commandText = ({ peer, name, argument }: ScenarioCommand): string => `${peer}: ${name} ${argument}`
