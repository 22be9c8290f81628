import { scenarioJsonSchema } from '@infermesh/scenario'
import { Command } from 'commander'

export const schemaCommand = (): Command =>
  new Command('schema')
    .description("print the scenario file's JSON Schema")
    .action(() => console.log(JSON.stringify(scenarioJsonSchema(), null, 2)))
