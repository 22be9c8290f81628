import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Millis, TraceRecord } from '@infermesh/kernel'
import { toHex } from '@infermesh/protocol'
import { bundlePeer, type PeerSpec, Testnet, type UnexpectedExit } from '@infermesh/testnet'
import { ENGINES_PACKAGE } from '../engines/engines.ts'
import type { NetworkPlan, PlannedPeer } from '../network/network-plan.ts'

const MESH_TIMEOUT: Millis = 60_000

export interface StartOptions {
  readonly folder: string
  readonly onRecord: (record: TraceRecord) => void
  readonly onUnexpectedExit: (exit: UnexpectedExit) => void
}

/** What travels to a peer process beside its name and key. Survives a structured clone. */
export interface PeerBootConfig {
  readonly config: unknown
  readonly plan: { readonly genesis: NetworkPlan['genesis']; readonly runSeed: string; readonly platformSeed: string }
}

const entry = join(import.meta.dirname, '..', 'peer-process.ts')
export const bundleCache = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules', '.cache', 'infermesh')

export function specOf(plan: NetworkPlan, peer: PlannedPeer): PeerSpec {
  const { genesis, runSeed, platformSeed } = plan
  const config: PeerBootConfig = { config: peer.config, plan: { genesis, runSeed, platformSeed: toHex(platformSeed) } }
  return {
    name: peer.name,
    role: peer.role,
    identitySeed: peer.identitySeed,
    config: { ...config },
    dial: peer.dial,
    ...(peer.process === undefined ? {} : { process: peer.process }),
  }
}

export async function prepareTestnet(plan: NetworkPlan, options: StartOptions): Promise<Testnet> {
  mkdirSync(options.folder, { recursive: true })
  return new Testnet({
    folder: options.folder,
    bundle: await bundlePeer({ entry, cache: bundleCache, external: [ENGINES_PACKAGE] }),
    peers: plan.peers.map((peer) => specOf(plan, peer)),
    onRecord: options.onRecord,
    onUnexpectedExit: options.onUnexpectedExit,
  })
}

/** What a person reads of a peer that nobody had ended. */
export const deathText = ({ peers, detail, log }: UnexpectedExit): string =>
  `${peers.join(', ')} ended by itself: ${detail.split('\n')[0]} (see ${log})`

/** Starts every peer of a plan and waits until they are meshed. */
export async function startPlan(plan: NetworkPlan, options: StartOptions): Promise<Testnet> {
  const testnet = await prepareTestnet(plan, options)
  await testnet.start()
  try {
    await testnet.meshed(MESH_TIMEOUT)
  } catch (error) {
    await testnet.killAll()
    throw error
  }
  return testnet
}
