import { createHash } from 'node:crypto'
import {
  type ClientPeerConfig,
  type GatewayPeerConfig,
  type GrantorConfig,
  type HubConfig,
  type IssuerConfig,
  type Lie,
  ONNX_BUILD,
  type OperatorConfig,
  PROXY_BUILD,
  type RelayConfig,
  type SettlerConfig,
  type VerifierConfig,
} from '@infermesh/peers'
import type { Manifest, Role } from '@infermesh/protocol'
import type { Scenario, ScenarioPeer } from '@infermesh/scenario'
import { type SpeedProfile, speedProfiles } from '@infermesh/serving'
import { UserError } from '../user-error.ts'
import { engineConfig } from './engine-config.ts'
import { onnxWeights, proxyWeights } from './model-weights.ts'
import { clientConfig, gatewayConfig, type KnownPeers, relayConfig } from './oblivious-configs.ts'

/** A role's configuration, and what a scenario makes this peer lie about. */
export type RoleConfig = HonestConfig & { readonly lies?: readonly Lie[] }

type HonestConfig =
  | { readonly role: 'client'; readonly config: ClientPeerConfig }
  | { readonly role: 'gateway'; readonly config: GatewayPeerConfig }
  | { readonly role: 'hub'; readonly config: HubConfig }
  | { readonly role: 'operator'; readonly config: OperatorConfig }
  | { readonly role: 'grantor'; readonly config: GrantorConfig }
  | { readonly role: 'relay'; readonly config: RelayConfig }
  | { readonly role: 'issuer'; readonly config: IssuerConfig }
  | { readonly role: 'verifier'; readonly config: VerifierConfig }
  | { readonly role: 'settler'; readonly config: SettlerConfig }

type ModelEntry = Scenario['models'][string]

/** Integer coins for a million tokens, unless the scenario says otherwise. */
const DEFAULT_PRICE = { prompt: 250_000, answer: 2_000_000 }
const DEFAULT_WEIGHT_BYTES = 65_536
const ENGINE_BUILD = 'reference/1'
/** What the simulated platforms attest: the code that all operators of the network run. */
const MEASUREMENT = createHash('sha256').update(`infermesh operator ${ENGINE_BUILD}`).digest('hex')

/** Censorship is the settler's own way to choose; all other lies are told around the machine. */
export function withLies(honest: RoleConfig, lies: readonly Lie[]): RoleConfig {
  if (lies.length === 0) return honest
  const censors = lies.filter(({ kind }) => kind === 'censoring-settler').flatMap(({ victims }) => victims)
  return honest.role === 'settler' ? { ...honest, config: { ...honest.config, censors }, lies } : { ...honest, lies }
}

/** A peer's configuration, from the scenario. */
export function configOf(name: string, role: Role, scenario: Scenario, known: KnownPeers): RoleConfig {
  const peer = scenario.peers.find((entry) => entry.name === name)
  switch (role) {
    case 'client':
      return { role, config: clientConfig(name, scenario, known) }
    case 'gateway':
      return { role, config: gatewayConfig(peer ?? unknownPeer(name), scenario) }
    case 'operator':
      return { role, config: operatorConfig(peer ?? unknownPeer(name), scenario) }
    case 'hub':
      return { role, config: {} }
    case 'grantor':
      return { role, config: {} }
    case 'verifier':
      return { role, config: { profile: profileOf(peer ?? unknownPeer(name)) } }
    case 'settler':
      return { role, config: {} }
    case 'relay':
      return { role, config: relayConfig(peer ?? unknownPeer(name)) }
    case 'issuer':
      return { role, config: {} }
  }
}

function unknownPeer(name: string): never {
  throw new Error(`${name} is not in the scenario`)
}

function profileOf(peer: ScenarioPeer): SpeedProfile {
  const profile = (speedProfiles as Readonly<Record<string, SpeedProfile>>)[peer.profile]
  if (profile === undefined)
    throw new UserError(`${peer.name}: expected a profile out of ${Object.keys(speedProfiles).join(', ')}, found ${peer.profile}`)
  return { ...profile, slots: peer.slots }
}

function operatorConfig(peer: ScenarioPeer, scenario: Scenario): OperatorConfig {
  const models = Object.entries(scenario.models)
  const served = models.filter(([, model]) => operatorsOf(model, scenario).includes(peer.name))
  return {
    profile: profileOf(peer),
    ...(peer.engine === undefined ? {} : { engine: engineConfig(peer.name, peer.engine) }),
    upstreams: Object.fromEntries(served.flatMap(([name, model]) => (model.openai === undefined ? [] : [[name, model.openai]]))),
    measurement: MEASUREMENT,
    publishes: served
      .filter(([, model]) => operatorsOf(model, scenario)[0] === peer.name)
      .map(([name, model]) => publishedModel(name, model)),
    serves: served.map(([name]) => name),
    owns: models.filter(([, model]) => model.private?.owner === peer.name).map(([name, model]) => ownedModel(name, model)),
  }
}

/** Groups stand for all their members, in order. */
const operatorsOf = (model: ModelEntry, scenario: Scenario): readonly string[] =>
  (model.public?.operators ?? []).flatMap((entry) =>
    scenario.peers.filter((peer) => peer.group === entry || peer.name === entry).map((peer) => peer.name),
  )

const weightsOf = (name: string, model: ModelEntry): { readonly seed: string; readonly bytes: number } => ({
  seed: model.weights?.seed ?? name,
  bytes: model.weights?.bytes ?? DEFAULT_WEIGHT_BYTES,
})

function publishedModel(name: string, model: ModelEntry): NonNullable<OperatorConfig['publishes']>[number] {
  // What another server makes can't be made again.
  const verifyTier: Manifest['verifyTier'] = model.verify ?? (model.openai === undefined ? 're-execution' : 'signature')
  const price = model.price ?? DEFAULT_PRICE
  return {
    model: name,
    ...publishedBytes(name, model),
    verifyTier,
    pricePromptPerMillion: price.prompt,
    priceAnswerPerMillion: price.answer,
  }
}

function publishedBytes(
  name: string,
  model: ModelEntry,
): Pick<NonNullable<OperatorConfig['publishes']>[number], 'weights' | 'engineBuild'> {
  if (model.onnx !== undefined) return { weights: onnxWeights(name, model.onnx), engineBuild: ONNX_BUILD }
  if (model.openai !== undefined) return { weights: proxyWeights(model.openai.model), engineBuild: PROXY_BUILD }
  return { weights: weightsOf(name, model), engineBuild: ENGINE_BUILD }
}

function ownedModel(name: string, model: ModelEntry): NonNullable<OperatorConfig['owns']>[number] {
  const price = model.price ?? DEFAULT_PRICE
  return {
    model: name,
    weights: weightsOf(name, model),
    prices: { promptPerMillion: price.prompt, answerPerMillion: price.answer },
    engineBuild: ENGINE_BUILD,
    measurement: MEASUREMENT,
    standbys: (model.private?.standbys ?? []).map(({ peer, temperature }, priority) => ({ peer, temperature, priority })),
  }
}
