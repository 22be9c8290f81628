import { BadScenario } from '@infermesh/scenario'
import { Command, CommanderError } from 'commander'
import { auditCommand } from './commands/audit.ts'
import { compareCommand } from './commands/compare.ts'
import { huntCommand } from './commands/hunt.ts'
import { lawsCommand } from './commands/laws.ts'
import { leaksCommand } from './commands/leaks.ts'
import { replayCommand } from './commands/replay.ts'
import { runCommand } from './commands/run.ts'
import { schemaCommand } from './commands/schema.ts'
import { servingCommand } from './commands/serving.ts'
import { testnetCommands } from './commands/testnet.ts'
import { UserError } from './user-error.ts'

/** Held, failed, and could not decide or could not run. */
const EXIT_UNABLE = 2

const program = new Command('infermesh')
  .description('Runs a decentralized AI-inference network, breaks it on purpose, and says what held.')
  .showHelpAfterError()
  .exitOverride()

for (const command of [
  runCommand(),
  huntCommand(),
  replayCommand(),
  compareCommand(),
  ...testnetCommands(),
  auditCommand(),
  leaksCommand(),
  servingCommand(),
  lawsCommand(),
  schemaCommand(),
])
  program.addCommand(command.exitOverride())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_UNABLE
  // What the user can mend is told without a stack; our own bugs are told with one.
  if (error instanceof BadScenario || error instanceof UserError) console.error(error.message)
  else console.error(error)
  return EXIT_UNABLE
}
