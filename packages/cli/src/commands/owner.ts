import { Command } from 'commander'
import { command } from '../http/chat-backend.ts'
import { UserError } from '../user-error.ts'
import { connect, type Named } from './connect.ts'

/** An owner's commands on a running testnet: each is one signed act of the owner's own peer. */
export function ownerCommands(named: (command: Command) => Command): Command[] {
  return [
    named(
      new Command('delegate')
        .description('let a standby serve a private model')
        .argument('<owner>')
        .argument('<model>')
        .argument('<standby>')
        .option('--temperature <heat>', 'cold, warm or hot', 'warm'),
    ).action((owner: string, model: string, standby: string, flags: Named & { temperature: string }) =>
      ask(owner, 'delegate', { model, standby, temperature: flags.temperature }, flags),
    ),
    named(
      new Command('revoke').description("take a standby's right back").argument('<owner>').argument('<model>').argument('<standby>'),
    ).action((owner: string, model: string, standby: string, flags: Named) => ask(owner, 'revoke', { model, standby }, flags)),
    named(new Command('handback').description('give a private model back to its owner').argument('<owner>').argument('<model>')).action(
      (owner: string, model: string, flags: Named) => ask(owner, 'handback', { model }, flags),
    ),
    named(
      new Command('model')
        .description('publish a model: model publish <operator> <model>')
        .argument('<act>', 'publish')
        .argument('<operator>')
        .argument('<model>')
        .option('--bytes <number>', 'size of its weights', '65536'),
    ).action((act: string, operator: string, model: string, flags: Named & { bytes: string }) => {
      if (act !== 'publish') throw new UserError(`model: expected publish, found ${act}`)
      return ask(operator, 'publish', { model, bytes: Number(flags.bytes) }, flags)
    }),
  ]
}

async function ask(peer: string, name: string, argument: unknown, flags: Named): Promise<void> {
  const client = connect(flags)
  try {
    console.log(JSON.stringify(await command((target, request) => client.ask(target, request), peer, name, argument)))
  } catch (error) {
    throw error instanceof Error ? new UserError(error.message) : error
  }
}
