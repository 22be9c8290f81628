import { z } from 'zod'
import { command } from './commands.ts'
import { fault } from './faults/fault.ts'
import { fidelity } from './fidelity.ts'
import { load } from './load.ts'
import { model, modelName } from './models.ts'
import { parameters } from './parameters.ts'
import { peerGroup } from './peers.ts'
import { bandwidth, duration, latency, peerName, percent } from './quantities.ts'

export const worlds = ['process', 'stack', 'message'] as const
export type WorldName = (typeof worlds)[number]

/** A scenario file: who is there, what they are asked, what goes wrong, and what must hold. */
export const scenarioSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/, 'expected a name of lower-case letters, digits and dashes'),
    about: z.string().meta({ description: 'One or two sentences for people' }),
    seed: z.int().min(0).default(1),
    worlds: z
      .array(z.enum(worlds))
      .min(1)
      .default([...worlds])
      .meta({ description: 'Worlds it is meant for; the first is the default' }),
    crypto: z.enum(['real', 'sized']).default('real').meta({
      description:
        'sized: in the virtual worlds, stand-ins of the same lengths for signatures and sealed requests; same decisions, less arithmetic',
    }),
    network: z
      .strictObject({
        latency: latency.optional(),
        loss: percent.optional(),
        bandwidth: bandwidth.optional(),
        wire: z
          .enum(['plain', 'full'])
          .meta({
            description:
              'In `stack`: `full` runs Noise and Yamux over the virtual links, as processes always do; `plain`, the default, is quicker',
          })
          .optional(),
      })
      .default({}),
    parameters: parameters.default({}),
    peers: z.record(peerName, peerGroup),
    fidelity: fidelity.optional(),
    models: z.record(modelName, model).default({}),
    load: z.array(load).default([]),
    faults: z.array(fault).default([]),
    commands: z.array(command).default([]).meta({ description: 'What owners of private models tell their nodes while the network runs' }),
    limits: z
      .strictObject({ ttft: duration, tpot: duration })
      .meta({ description: 'What an answer must keep to count as good: time to the first token, and mean time for each further one' })
      .default({ ttft: 5_000, tpot: 50 }),
    expect: z.array(z.string()).default([]).meta({ description: 'A metric, a comparison and a value each; or a metric that must be true' }),
    agree: z.array(z.string()).default([]).meta({
      description: 'How far worlds may differ when they are compared: a metric and a tolerance each, such as requests.success_rate ± 0.5%',
    }),
    until: duration.meta({ description: 'Latest end; a run ends earlier once everything asked for is answered and settled' }).optional(),
  })
  .meta({ title: 'Infermesh scenario' })

/** What an author writes. */
export type ScenarioInput = z.input<typeof scenarioSchema>
/** What the file says once read: durations in ms, shares of one, rates a second. */
export type ScenarioFile = z.output<typeof scenarioSchema>

/** For typed scripts: `export default scenario({ … })`. */
export const scenario = (input: ScenarioInput): ScenarioInput => input

export const scenarioJsonSchema = (): unknown => z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7', unrepresentable: 'any' })
