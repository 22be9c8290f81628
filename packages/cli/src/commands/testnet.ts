import { Command } from 'commander'
import { tableText } from '../output/table.ts'
import { UserError } from '../user-error.ts'
import { connect, type Named } from './connect.ts'
import { ownerCommands } from './owner.ts'
import { up } from './up.ts'

const DOWN_TIMEOUT = 30_000

/** `up` and the commands that work on what it started, from another terminal. */
export function testnetCommands(): Command[] {
  const named = (command: Command): Command => command.option('--name <testnet>', 'which testnet; needed only when several are up')
  return [
    new Command('up')
      .description('start a testnet that stays, with an OpenAI-compatible HTTP endpoint; Ctrl-C or `down` ends it')
      .argument('<scenario>', 'its peers and models are used; its load and faults are not')
      .option('--name <testnet>', 'default: the scenario name')
      .option('--port <number>', 'HTTP port, default 8080; 0 for any free one', '8080')
      .option(
        '--set <path=value>',
        'change a value of the scenario; may be given again',
        (value: string, before: string[]) => [...before, value],
        [],
      )
      .action(up),
    named(new Command('ps').description('the peers of a testnet').option('--json', 'as JSON')).action(ps),
    named(
      new Command('fault')
        .description(
          'do something to a peer: crash, restart, stop, pause, resume; or a fault as scenarios have it: partition, delay, jitter, loss, reorder, duplicate, reset, bandwidth, clock, disk, until heal',
        )
        .argument('<peer>')
        .argument('<kind>')
        .argument('[options]', 'how much (80ms, 20%, 1Mbit, full), or JSON with what a scenario says: {"value": "80ms", "to": "gateway"}'),
    ).action(fault),
    named(new Command('logs').description("a peer's log").argument('<peer>').option('-f, --follow', 'go on until interrupted')).action(
      logs,
    ),
    named(new Command('down').description('stop a testnet and wait until it is gone')).action(down),
    ...ownerCommands(named),
  ]
}

async function ps(flags: Named & { readonly json?: true }): Promise<void> {
  const client = connect(flags)
  const peers = await client.peers()
  if (flags.json === true)
    return console.log(JSON.stringify({ testnet: client.state.name, endpoints: client.state.endpoints, peers }, null, 2))
  const rows = peers.map((peer) => [peer.name, peer.role, peer.state, String(peer.pid ?? '-'), String(peer.restarts), peer.peerId ?? '-'])
  console.log(tableText(['peer', 'role', 'state', 'pid', 'restarts', 'peer id'], rows))
  for (const [what, where] of Object.entries(client.state.endpoints)) console.log(`${what}: ${where}`)
}

async function fault(peer: string, kind: string, options: string | undefined, flags: Named): Promise<void> {
  const client = connect(flags)
  const measured = await mended(client.fault(peer, kind, options?.startsWith('{') === true ? jsonOf(options) : options))
  const figures = Object.entries(measured).map(([name, value]) => `${name} ${value}`)
  console.log(`${kind} ${peer}: done${figures.length > 0 ? ` (${figures.join(', ')})` : ''}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UserError(`expected options as JSON, such as '{"drift": "500ppm"}', found ${text}`)
  }
}

/** What the supervisor refuses is the user's to mend. */
async function mended<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof Error ? new UserError(error.message) : error
  }
}

async function logs(peer: string, flags: Named & { readonly follow?: true }): Promise<void> {
  const controller = new AbortController()
  if (flags.follow === true) process.once('SIGINT', () => controller.abort())
  const lines = connect(flags).logs(peer, flags.follow === true ? controller.signal : undefined)
  try {
    for await (const text of lines) process.stdout.write(text)
  } catch (error) {
    throw error instanceof Error ? new UserError(error.message) : error
  }
}

async function down(flags: Named): Promise<void> {
  const client = connect(flags)
  await mended(client.down(DOWN_TIMEOUT))
  console.log(`${client.state.name} is down`)
}
