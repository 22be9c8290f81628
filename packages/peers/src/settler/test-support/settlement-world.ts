import { type Millis, publish, respond, setTimer, subscribe, type TraceRecord } from '@infermesh/kernel'
import {
  bodyHashOf,
  chargeOf,
  defaultParameters,
  type Envelope,
  fromHex,
  type Manifest,
  type Message,
  type NetworkEvent,
  type Parameters,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  type PeerServices,
  requestIdOf,
  Signer,
  tokensHashOf,
} from '@infermesh/protocol'
import { constantLatency, createMessageWorld, type LinkModel, type MessageWorld } from '@infermesh/sim'
import { nodeCryptography } from '../../../test-support/cryptography.ts'
import { rememberingCryptography } from '../../../test-support/remembering-cryptography.ts'
import { type SmallNetwork, smallNetwork } from '../../../test-support/small-network.ts'
import { referenceAnswer } from '../../operator/answer.ts'
import { weightsFrom } from '../../operator/reference-weights.ts'
import { createVerifier } from '../../verifier/verifier.ts'
import type { VerifierConfig } from '../../verifier/verifier-config.ts'
import { createSettler } from '../settler.ts'
import type { SettlerConfig } from '../settler-config.ts'

const { hash } = nodeCryptography
const weights = weightsFrom(hash, { seed: 'settlement', bytes: 1000 })
const prompt = Uint8Array.from('a prompt', (letter) => letter.charCodeAt(0))
const profile = { prefillTokensPerSecond: 10_000, decodeMsPerToken: 5, slots: 4, loadBytesPerSecond: 1e9 }
export const model = 'acme/echo@1.0'
const STRETCH = 16

export interface SettlementOptions {
  readonly settlers?: number
  readonly verifiers?: number
  readonly operators?: number
  /** Receipts of each operator, one every `every` ms. */
  readonly receipts?: number
  readonly every?: Millis
  /** Operators whose answers are not the model's. */
  readonly liars?: readonly string[]
  readonly audit?: Partial<Parameters['audit']>
  readonly settlement?: Partial<Parameters['settlement']>
  readonly settler?: (name: string) => SettlerConfig
  readonly verifier?: (name: string) => Partial<VerifierConfig>
  readonly latency?: LinkModel
  readonly seed?: number
  readonly replace?: (name: string, machine: PeerMachine) => PeerMachine
}

export interface SettlementWorld {
  readonly world: MessageWorld<Message, Envelope>
  readonly network: SmallNetwork
  readonly records: TraceRecord<NetworkEvent>[]
  events<T extends NetworkEvent['type']>(
    type: T,
  ): readonly (Extract<NetworkEvent, { readonly type: T }> & { readonly peer: string; readonly at: Millis })[]
}

/** Settlers, verifiers, a hub that holds one model, and operators that do nothing but issue receipts. */
export function settlementWorld(options: SettlementOptions = {}): SettlementWorld {
  const { settlers = 4, verifiers = 5, operators = 1, seed = 1, latency = constantLatency(20) } = options
  const network = smallNetwork(
    { settler: settlers, verifier: verifiers, operator: operators, hub: 1, gateway: 1, client: 1 },
    {
      audit: { ...defaultParameters.audit, ratePerMille: 500, ...options.audit },
      settlement: {
        ...defaultParameters.settlement,
        challengeWindow: 3_000,
        batch: { size: 5, idle: 1_000, maxAge: 3_000 },
        ...options.settlement,
      },
    },
  )
  const crypto = rememberingCryptography(nodeCryptography)
  const records: TraceRecord<NetworkEvent>[] = []
  const world = createMessageWorld<Message, Envelope>({
    ...{ seed, latency, traceGossip: false },
    peers: network.genesis.members.map(({ name, peerId, role }) => ({
      ...{ name, peerId, role },
      createMachine: () => {
        const services = { ...network.servicesOf(name), crypto }
        const machine = machineOf(name, services, { network, options })
        return options.replace?.(name, machine) ?? machine
      },
    })),
    onRecord: (record) => records.push(record as TraceRecord<NetworkEvent>),
  })
  const events: SettlementWorld['events'] = (type) =>
    records.flatMap(({ event, peer, at }) =>
      event.type === type ? [{ ...(event as Extract<NetworkEvent, { type: typeof type }>), peer, at }] : [],
    )
  return { world, network, records, events }
}

interface Scene {
  readonly network: SmallNetwork
  readonly options: SettlementOptions
}

function machineOf(name: string, services: PeerServices, { network, options }: Scene): PeerMachine {
  const [role] = name.split('-')
  if (role === 'settler') return createSettler(options.settler?.(name) ?? {}, services)
  if (role === 'verifier') return createVerifier({ profile, ...options.verifier?.(name) }, services)
  if (role === 'operator') return new ReceiptMaker(name, services, { network, options })
  if (role === 'hub') return hub
  return { handle: () => [] }
}

const hub: PeerMachine = {
  handle(input: PeerInput) {
    if (input.type !== 'request' || input.message.type !== 'FetchBlob') return []
    const { offset } = input.message
    return [respond(input.id, { type: 'BlobChunk', offset, total: weights.length, data: weights.slice(offset, offset + 400) })]
  },
}

/** Issues receipts for stretches that it never streamed to anybody, and shows their work. Those not logged yet it publishes again. */
class ReceiptMaker implements PeerMachine {
  readonly #scene: Scene
  readonly #name: string
  readonly #signer: Signer
  readonly #manifest: Envelope<'manifest'>
  readonly #tokens: readonly number[]
  readonly #unlogged = new Map<string, Envelope>()
  #count = 0

  constructor(name: string, services: PeerServices, scene: Scene) {
    this.#scene = scene
    this.#name = name
    this.#signer = new Signer(services.identity, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
    const blob = bodyHashOf(hash, weights)
    const terms = { model, visibility: 'public', engineBuild: 'reference-1', verifyTier: 're-execution' } as const
    const manifest: Manifest = {
      ...terms,
      weightsRoot: blob,
      blob,
      blobBytes: weights.length,
      pricePromptPerMillion: 1e6,
      priceAnswerPerMillion: 2e6,
    }
    this.#manifest = scene.network.signerOf('operator-0').sign('manifest', manifest, 0)
    const honest = referenceAnswer({ hash, weightsRoot: fromHex(blob), prompt, request: { seed: 1 } }).tokens(0, STRETCH)
    this.#tokens = scene.options.liars?.includes(name) ? honest.map((token) => token + 1) : honest
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    const { every = 200, receipts = 20 } = this.#scene.options
    if (input.type === 'started') return [subscribe('checkpoints'), setTimer('issue', 500), setTimer('again', 4_000)]
    if (input.type === 'timer' && input.key === 'issue' && this.#count < receipts) return [...this.#issue(now), setTimer('issue', every)]
    if (input.type === 'timer' && input.key === 'again') {
      return [
        ...[...this.#unlogged.values()].map((entry) => publish(entry.type === 'receipt' ? 'receipts' : 'models', entry)),
        setTimer('again', 4_000),
      ]
    }
    if (input.type === 'gossip' && input.envelope.type === 'checkpoint')
      for (const id of input.envelope.payload.block.entries) this.#unlogged.delete(id)
    if (input.type === 'request' && input.message.type === 'FetchWork') {
      return [respond(input.id, { type: 'Work', prompt, tokens: this.#tokens })]
    }
    return []
  }

  #issue(now: Millis): PeerEffect[] {
    const { network } = this.#scene
    const operatorSeq = this.#count++
    const nonce = `${this.#name.replace('operator-', '')}${operatorSeq}`.padStart(32, '0')
    const asked = { bodyHash: bodyHashOf(hash, prompt), model, promptTokens: 8, maxTokens: STRETCH, seed: 1, session: undefined }
    const request = network.signerOf('client-0').sign('request', { nonce, ...asked, maxCharge: 1000, deadline: 1e6, trace: '' }, 0)
    const requestId = requestIdOf(hash, request.signer, request.payload)
    const shared = { requestId, attempt: 1, model, epoch: 0, trace: '' }
    const operator = network.idOf(this.#name)
    const dispatch = network.signerOf('gateway-0').sign('dispatch', { ...shared, operator, policy: 'uniform', candidates: [], from: 0 }, 0)
    const range = { from: 0, to: STRETCH, promptTokens: asked.promptTokens }
    const hashes = { bodyHash: asked.bodyHash, prefixHash: tokensHashOf(hash, []), outputHash: tokensHashOf(hash, this.#tokens) }
    const { weightsRoot, engineBuild } = this.#manifest.payload
    const receipt = this.#signer.sign(
      'receipt',
      {
        ...{ ...shared, ...range, ...hashes, weightsRoot, engineBuild, attestation: undefined, seed: 1, startedAt: now, endedAt: now },
        ...{ amount: chargeOf(this.#manifest.payload, range), payee: operator, operatorSeq, previous: new Uint8Array(0) },
        ...{ request: request.bytes, dispatch: dispatch.bytes },
      },
      now,
    )
    this.#unlogged.set(receipt.id, receipt)
    if (operatorSeq === 0 && this.#name === 'operator-0') this.#unlogged.set(this.#manifest.id, this.#manifest)
    const first = operatorSeq === 0 && this.#name === 'operator-0' ? [publish('models', this.#manifest)] : []
    return [...first, publish('receipts', receipt)]
  }
}
