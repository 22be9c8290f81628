import type { Cryptography, PeerIdentity } from '@infermesh/kernel'
import { attestedDataOf, bodyHashOf, chargeOf, requestIdOf, tokensHashOf, traceparentOf } from '../../derive.ts'
import { type Envelope, type SealingContext, Signer } from '../../envelope.ts'
import { Directory, type Member, type Role } from '../../network.ts'
import { nodeCryptography } from '../../node/index.ts'
import { defaultParameters, type Parameters } from '../../parameters.ts'
import type { Delegation, Manifest, Receipt, Request } from '../../statements/index.ts'
import { sameBytes } from '../../wire/cbor.ts'
import { peerIdFromKey } from '../../wire/peer-id.ts'
import { toHex } from '../../wire/schema.ts'

const sha256 = nodeCryptography.hash

const tag = (publicKey: Uint8Array, bytes: Uint8Array): Uint8Array => {
  const half = sha256(Uint8Array.from([...publicKey, ...sha256(bytes)]))
  return Uint8Array.from([...half, ...half])
}

/** Signatures of the right size at the price of a hash: anybody can forge them, and no test here does. */
export const quickCryptography: Cryptography = {
  hash: sha256,
  sign: tag,
  verify: (publicKey, bytes, signature) => sameBytes(tag(publicKey, bytes), signature),
  seal: (_key, _nonce, plaintext) => plaintext,
  open: (_key, sealed) => sealed,
}

export const quickIdentity = (name: string): PeerIdentity => {
  const key = sha256(Uint8Array.from(name, (letter) => letter.charCodeAt(0)))
  return { peerId: peerIdFromKey(key), publicKey: key, privateKey: key }
}

const rootName = 'attestation root'
const zero32 = '0'.repeat(64)
const prompt = Uint8Array.from([1, 2, 3])
export const publicModel = 'hub/small@1.0'
export const privateModel = 'acme/secret@1.0'

export interface CastOptions {
  readonly counts?: Partial<Record<Role, number>>
  readonly balance?: number
  readonly audit?: Partial<Parameters['audit']>
  readonly settlement?: Partial<Parameters['settlement']>
  readonly crypto?: Cryptography
  readonly identify?: (name: string) => PeerIdentity
}

const counts: Record<Role, number> = {
  gateway: 1,
  relay: 0,
  operator: 3,
  hub: 0,
  verifier: 5,
  settler: 4,
  grantor: 5,
  client: 2,
  issuer: 0,
}

/** A whole network's keys, and what each role signs. `operator-0` owns the private model. */
export class Cast {
  readonly identities = new Map<string, PeerIdentity>()
  readonly directory: Directory
  readonly sealing: SealingContext
  readonly #signers = new Map<string, Signer>()
  readonly #attestations = new Map<string, Envelope<'attestation'>>()
  #nonce = 0
  readonly #sequences = new Map<string, number>()

  constructor(options: CastOptions = {}) {
    const identify = options.identify ?? quickIdentity
    const members: Member[] = []
    for (const [role, count] of Object.entries({ ...counts, ...options.counts }) as [Role, number][])
      for (let index = 0; index < count; index++) {
        const name = `${role}-${index}`
        const identity = identify(name)
        this.identities.set(name, identity)
        members.push({ name, peerId: identity.peerId, role, balance: options.balance ?? 1_000_000_000 })
      }
    this.identities.set(rootName, identify(rootName))
    const parameters: Parameters = {
      ...defaultParameters,
      audit: { ...defaultParameters.audit, ...options.audit },
      settlement: { ...defaultParameters.settlement, ...options.settlement },
    }
    const attestationRoot = toHex(this.#identity(rootName).publicKey)
    this.directory = new Directory({ networkId: 'ledger-test', members, parameters, attestationRoot })
    this.sealing = { networkId: 'ledger-test', crypto: options.crypto ?? quickCryptography }
  }

  id(name: string): string {
    return this.#identity(name).peerId
  }

  #identity(name: string): PeerIdentity {
    const identity = this.identities.get(name)
    if (identity === undefined) throw new Error(`nobody is called ${name}`)
    return identity
  }

  by(name: string): Signer {
    const signer = this.#signers.get(name) ?? new Signer(this.#identity(name), this.sealing)
    this.#signers.set(name, signer)
    return signer
  }

  manifest(change: Partial<Manifest> = {}, by = 'operator-0'): Envelope<'manifest'> {
    return this.by(by).sign('manifest', { ...manifestOf(publicModel, 'public', 're-execution'), ...change }, 0)
  }

  privateManifest(by = 'operator-0'): Envelope<'manifest'> {
    return this.manifest(manifestOf(privateModel, 'private', 'attestation'), by)
  }

  request(change: Partial<Request> = {}, client = 'client-0'): Envelope<'request'> {
    const nonce = (++this.#nonce).toString(16).padStart(32, '0')
    const bodyHash = bodyHashOf(this.sealing.crypto.hash, prompt)
    const rest = {
      model: publicModel,
      promptTokens: 10,
      maxTokens: 1000,
      seed: 7,
      maxCharge: 1_000_000,
      deadline: 1e6,
      trace: '',
      session: undefined,
    }
    return this.by(client).sign('request', { nonce, bodyHash, ...rest, ...change }, 0)
  }

  /** A receipt that is right in every respect, save for what `change` says. */
  receipt(of: ReceiptWish = {}): Envelope<'receipt'> {
    const { hash } = this.sealing.crypto
    const operator = of.operator ?? 'operator-1'
    const request = of.request ?? this.request(of.epoch === undefined ? {} : { model: privateModel })
    const { payload } = request
    const requestId = requestIdOf(hash, request.signer, payload)
    const [from, to] = of.range ?? [0, 64]
    const epoch = of.epoch ?? 0
    const attestation = of.attestation ?? (epoch > 0 ? this.attestation(operator, epoch).id : undefined)
    const shared = { requestId, attempt: 0, model: payload.model, epoch, trace: traceparentOf(requestId) }
    const dispatch = { ...shared, operator: this.id(operator), policy: 'power-of-two', candidates: [], from }
    const operatorSeq = of.operatorSeq ?? this.#sequences.get(operator) ?? 0
    if (of.operatorSeq === undefined) this.#sequences.set(operator, operatorSeq + 1)
    const tokens = Array.from({ length: to - from }, (_, index) => from + index)
    const receipt: Receipt = {
      ...shared,
      ...{ from, to, weightsRoot: zero32, engineBuild: 'reference/1', attestation, bodyHash: payload.bodyHash },
      ...{ prefixHash: zero32, outputHash: tokensHashOf(hash, tokens), promptTokens: payload.promptTokens, seed: payload.seed },
      ...{ startedAt: 0, endedAt: 0, payee: this.id(operator), operatorSeq, previous: new Uint8Array(0) },
      amount: chargeOf(manifestOf(payload.model, 'public', 'signature'), { promptTokens: payload.promptTokens, from, to }),
      request: request.bytes,
      dispatch: this.by('gateway-0').sign('dispatch', dispatch, 0).bytes,
    }
    return this.by(operator).sign('receipt', { ...receipt, ...of.change }, 0)
  }

  delegation(audience = 'operator-1', by = 'operator-0', change: Partial<Delegation> = {}): Envelope<'delegation'> {
    const terms = { priority: 0, temperature: 'hot', notBefore: 0, expires: 1e9, maxPriceAnswerPerMillion: 1e6 } as const
    const nonce = (++this.#nonce).toString(16).padStart(32, '0')
    const delegation = { model: privateModel, audience: this.id(audience), ...terms, measurement: zero32, nonce, ...change }
    return this.by(by).sign('delegation', delegation, 0)
  }

  /** One for each subject, epoch and measurement, however often it is asked for. */
  attestation(subject: string, epoch: number, measurement = zero32): Envelope<'attestation'> {
    const key = `${subject}/${epoch}/${measurement}`
    const attestation = this.#attestations.get(key) ?? this.#attest(subject, epoch, measurement)
    this.#attestations.set(key, attestation)
    return attestation
  }

  #attest(subject: string, epoch: number, measurement: string): Envelope<'attestation'> {
    const userData = attestedDataOf(this.sealing.crypto.hash, this.id(subject), privateModel, epoch)
    return this.by(rootName).sign('attestation', { subject: this.id(subject), measurement, userData, nonce: new Uint8Array(0) }, 0)
  }

  lease(of: LeaseWish): Envelope<'lease'> {
    const { holder, epoch, delegation } = of
    const attestation = of.attestation === undefined ? this.attestation(holder, epoch) : (of.attestation ?? undefined)
    const grants = Array.from({ length: of.grants ?? 3 }, (_, index) => {
      const grant = { model: privateModel, holder: this.id(holder), epoch, ttl: 10_000, grantedAt: 0 }
      return this.by(`grantor-${index}`).sign('leaseGrant', grant, 0).bytes
    })
    const nested = (envelope: Envelope | undefined) => (envelope === undefined ? [] : [envelope.bytes])
    const lease = { model: privateModel, epoch, grants, delegation: nested(delegation), attestation: nested(attestation) }
    return this.by(holder).sign('lease', lease, 0)
  }
}

export interface ReceiptWish {
  readonly operator?: string
  readonly request?: Envelope<'request'>
  readonly range?: readonly [from: number, to: number]
  readonly epoch?: number
  readonly attestation?: string
  readonly operatorSeq?: number
  readonly change?: Partial<Receipt>
}

export interface LeaseWish {
  readonly holder: string
  readonly epoch: number
  readonly grants?: number
  readonly delegation?: Envelope<'delegation'>
  /** `null` leaves it out. */
  readonly attestation?: Envelope<'attestation'> | null
}

export const manifestOf = (model: string, visibility: Manifest['visibility'], verifyTier: Manifest['verifyTier']): Manifest => ({
  model,
  visibility,
  verifyTier,
  weightsRoot: zero32,
  blob: zero32,
  blobBytes: 1000,
  engineBuild: 'reference/1',
  pricePromptPerMillion: 1_000_000,
  priceAnswerPerMillion: 2_000_000,
})
