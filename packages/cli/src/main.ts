import { Command, CommanderError } from 'commander'
import { RunBroke, UserError } from './user-error.ts'

/** Held, failed, and could not decide or could not run. */
const EXIT_UNABLE = 2

const program = new Command('infermesh')
  .description('Runs a decentralized AI-inference network, breaks it on purpose, and says what held.')
  .showHelpAfterError()
  .exitOverride()

/** In the order of the help. One that is asked for by name is loaded alone: all of them together take a second to start. */
const commands: Readonly<Record<string, () => Promise<readonly Command[]>>> = {
  run: async () => [(await import('./commands/run.ts')).runCommand()],
  hunt: async () => [(await import('./commands/hunt.ts')).huntCommand()],
  replay: async () => [(await import('./commands/replay.ts')).replayCommand()],
  compare: async () => [(await import('./commands/compare.ts')).compareCommand()],
  up: async () => (await import('./commands/testnet.ts')).testnetCommands(),
  audit: async () => [(await import('./commands/audit.ts')).auditCommand()],
  leaks: async () => [(await import('./commands/leaks.ts')).leaksCommand()],
  serving: async () => [(await import('./commands/serving.ts')).servingCommand()],
  laws: async () => [(await import('./commands/laws.ts')).lawsCommand()],
  schema: async () => [(await import('./commands/schema.ts')).schemaCommand()],
}
const asked = process.argv[2] ?? ''
const loaders = Object.entries(commands).filter(([name]) => name === asked || !Object.hasOwn(commands, asked))
for (const [, load] of loaders) for (const command of await load()) program.addCommand(command.exitOverride())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_UNABLE
  // What the user can mend is told without a stack; our own bugs are told with one.
  if (error instanceof UserError || (error instanceof Error && error.name === 'BadScenario')) console.error(error.message)
  else if (error instanceof RunBroke) console.error(error.report())
  else console.error(error)
  return EXIT_UNABLE
}
