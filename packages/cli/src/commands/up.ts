import type { NetworkRecord } from '@infermesh/scenario'
import { readFault, readScenario } from '@infermesh/scenario/files'
import { hostTestnet, openAiApi, serve } from '@infermesh/testnet'
import { faultsByHand } from '../faults/by-hand.ts'
import { ProcessFaults } from '../faults/process-faults.ts'
import { type AskPeer, chatBackend } from '../http/chat-backend.ts'
import { obliviousApi } from '../http/oblivious-api.ts'
import { HTTP_CLIENT, type NetworkPlan, planNetwork } from '../network/network-plan.ts'
import { refuseStandIns } from '../network/refuse-stand-ins.ts'
import { RunFolder } from '../output/run-folder.ts'
import { UserError } from '../user-error.ts'
import { deathText, prepareTestnet } from '../worlds/process-testnet.ts'
import { TESTNETS } from './connect.ts'

const MESH_TIMEOUT = 60_000

interface UpFlags {
  readonly name?: string
  readonly port: string
  readonly set: readonly string[]
}

/** Starts a testnet and keeps it until `down` or Ctrl-C. */
export async function up(file: string, flags: UpFlags): Promise<void> {
  const port = Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UserError(`--port: expected a number from 0 to 65535, found ${flags.port}`)
  const scenario = await readScenario(file, { set: flags.set, runsIn: () => ['process'] })
  refuseStandIns(scenario)
  const plan = planNetwork({ ...scenario, load: [] }, { httpClient: true })
  const name = flags.name ?? scenario.name
  const gateway = plan.peers.find((peer) => peer.role === 'gateway')
  if (gateway === undefined) throw new UserError(`${file}: expected a gateway, since clients come in through one`)
  const folder = new RunFolder(scenario.name, `${TESTNETS}/${name}/run`)
  folder.write('genesis.json', plan.genesis)
  let faults: ProcessFaults | undefined
  const testnet = await prepareTestnet(plan, {
    folder: folder.path,
    onRecord: (record) => {
      folder.record(record as NetworkRecord)
      faults?.observe(record as NetworkRecord)
    },
    onUnexpectedExit: (exit) => {
      if (faults?.explains(exit) !== true) console.error(deathText(exit))
    },
  })
  faults = new ProcessFaults({ testnet, peers: plan.peers, scenario })
  const byHand = faultsByHand(faults, (text, place) => readFault(scenario, text, place))
  const ask: AskPeer = (peer, question, signal) => testnet.ask(peer, question, signal)
  const chat = openAiApi(chatBackend(ask, { client: HTTP_CLIENT, gateway: gateway.name }))
  const relays = plan.peers.filter(({ role }) => role === 'relay').map((peer) => peer.name)
  const sealed = obliviousApi(ask, { relays, gateways: relays.length === 0 ? new Map() : gatewaysOf(plan) })
  const app = { fetch: (request: Request) => sealed(request) ?? chat.fetch(request) }
  // The port is taken before any peer is started: a port in use starts nothing.
  const server = await serve(app, port).catch((error: Error) => {
    throw new UserError(error.message)
  })
  try {
    const hosted = await hostTestnet({ root: TESTNETS, name, testnet, faults: byHand, beforeStop: () => server.close() })
    await testnet.start()
    await testnet.meshed(MESH_TIMEOUT)
    await faults.layLinks()
    hosted.announce({ http: `${server.url}/v1` })
    console.log(`${name}: ${plan.peers.length} peers meshed after ${(testnet.now() / 1_000).toFixed(1)} s`)
    console.log(`OpenAI-compatible endpoint: ${server.url}/v1`)
    if (relays[0] !== undefined)
      console.log(
        `oblivious HTTP: ${server.url}/relays/${relays[0]}/${gateway.name}, keys ${server.url}/gateways/${gateway.name}/ohttp-keys`,
      )
    console.log('Ctrl-C ends it; from another terminal: infermesh ps, fault, logs, down')
    const ended = await hosted.ended
    console.log(ended.cause === 'signal' ? `${ended.signal}: every peer has ended` : 'down: every peer has ended')
  } catch (error) {
    await server.close()
    await testnet.killAll()
    throw error instanceof Error ? new UserError(error.message) : error
  }
}

const gatewaysOf = ({ genesis }: NetworkPlan): ReadonlyMap<string, string> =>
  new Map(genesis.members.filter(({ role }) => role === 'gateway').map(({ name, peerId }) => [name, peerId]))
