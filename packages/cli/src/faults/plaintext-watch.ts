import type { Millis, PeerId } from '@infermesh/kernel'
import { ONNX_BUILD } from '@infermesh/peers'
import {
  answerHashOf,
  Directory,
  type Envelope,
  encodeCbor,
  fromHex,
  type Genesis,
  type MessageOf,
  type NetworkEvent,
  openAs,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  promptTextOf,
  requestIdOf,
  type SealingContext,
} from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import { liarsOf, type RunCheck, type Scenario, SecretBook } from '@infermesh/scenario'
import { createGenerator, type Generator } from '@infermesh/serving'

interface Asked {
  readonly request: Envelope<'request'>
  readonly prompt: Uint8Array
  /** Says what the model answers, once somebody wants to know. */
  model?: Generator
}

/** Lies that change an answer before anybody but an audit can see it. */
const answerLies = ['lazy-operator', 'model-swap', 'quantised-model', 'tampering-operator'] as const

/**
 * Follows every message of a virtual world, as no real network can: private plaintext must reach permitted peers only (I11), and
 * what a client was given must be what the model says, whoever went on with the answer.
 */
export class PlaintextWatch {
  readonly #directory: Directory
  /** The watch reads what peers sent; whether they signed it well is the peers' business. */
  readonly #reading: SealingContext
  readonly #holders: ReadonlyMap<string, ReadonlySet<string>>
  readonly #answerLiars: ReadonlySet<string>
  readonly #secrets = new SecretBook()
  readonly #roots = new Map<string, Uint8Array>()
  readonly #asked = new Map<string, Asked>()
  /** Requests that a lying operator worked on. */
  readonly #spoilt = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #workFor = new Map<string, PeerId>()
  readonly #leaks: string[] = []
  readonly #strayed: string[] = []
  #answers = 0

  constructor(scenario: Scenario, genesis: Genesis) {
    this.#directory = new Directory(genesis)
    this.#reading = { networkId: genesis.networkId, crypto: { ...nodeCryptography, verify: () => true } }
    this.#answerLiars = liarsOf(scenario, answerLies)
    this.#holders = new Map(
      Object.entries(scenario.models).flatMap(([name, { private: own }]) =>
        own === undefined ? [] : [[name, new Set([own.owner, ...own.standbys.map(({ peer }) => peer)])] as const],
      ),
    )
  }

  wrap(peer: string, machine: PeerMachine): PeerMachine {
    const handle = (input: PeerInput, now: Millis): readonly PeerEffect[] => {
      if (input.type === 'request' && input.message.type === 'FetchWork') this.#workFor.set(`${peer}/${input.id}`, input.from)
      const effects = machine.handle(input, now)
      for (const effect of effects) this.#look(peer, effect, now)
      return effects
    }
    if (machine.validate === undefined) return { handle }
    return { handle, validate: (topic, envelope, now) => machine.validate?.(topic, envelope, now) ?? 'accept' }
  }

  checks(): readonly RunCheck[] {
    return [
      verdict(
        'I11 no private prompt or answer in gossip, in the log or at a stranger',
        this.#leaks,
        `${this.#seen.size} statements searched`,
      ),
      verdict('I13 every answer is what its model says, across failovers too', this.#strayed, `${this.#answers} answers recomputed`),
    ]
  }

  violation(): { readonly check: string; readonly text: string } | undefined {
    const [leak] = this.#leaks
    const [strayed] = this.#strayed
    if (leak !== undefined) return { check: 'I11', text: leak }
    return strayed === undefined ? undefined : { check: 'I13', text: strayed }
  }

  #look(peer: string, effect: PeerEffect, now: Millis): void {
    switch (effect.type) {
      case 'publish':
        this.#published(peer, effect.topic, effect.envelope, now)
        return
      case 'emit':
        this.#said(peer, effect.event as NetworkEvent, now)
        return
      case 'request':
        if (effect.message.type === 'Infer') this.#infer(effect.message)
        else if (effect.message.type === 'Execute') this.#execute(peer, effect.to, effect.message, now)
        return
      case 'respond':
        if (effect.message.type === 'Work') this.#work(peer, effect.requestId, now)
        return
      default:
        return
    }
  }

  #published(peer: string, topic: string, envelope: Envelope, now: Millis): void {
    if (this.#seen.has(envelope.id)) return
    this.#seen.add(envelope.id)
    // What a really run model says is for verifiers to make again: this watch waits for nothing.
    if (envelope.type === 'manifest' && envelope.payload.engineBuild !== ONNX_BUILD && !this.#roots.has(envelope.payload.model))
      this.#roots.set(envelope.payload.model, fromHex(envelope.payload.weightsRoot))
    const owner = this.#secrets.find(envelope.bytes)
    if (owner !== undefined)
      this.#leaks.push(`${peer} published plaintext of request ${owner} in a ${envelope.type} on ${topic} at ${now} ms`)
  }

  #infer({ request: raw, prompt }: MessageOf<'Infer'>): void {
    this.#remember(openAs('request', raw, this.#reading), prompt)
  }

  #remember(request: Envelope<'request'>, prompt: Uint8Array): void {
    const requestId = requestIdOf(nodeCryptography.hash, request.signer, request.payload)
    if (this.#asked.has(requestId)) return
    const asked = { request, prompt }
    this.#asked.set(requestId, asked)
    if (!this.#holders.has(request.payload.model)) return
    this.#secrets.add(requestId, prompt)
    const front = this.#expected(asked, SECRET_TOKENS)
    if (front !== undefined) this.#secrets.add(requestId, joined(front.map((token) => encodeCbor(token))))
  }

  #execute(peer: string, to: PeerId, { request: raw, prompt }: MessageOf<'Execute'>, now: Millis): void {
    const request = openAs('request', raw, this.#reading)
    const { model } = request.payload
    // What comes sealed is asked for by the gateway that opened it, under the id by which its client knows it.
    if (this.#directory.has(request.signer, 'gateway')) this.#remember(request, prompt)
    const holders = this.#holders.get(model)
    const name = this.#directory.nameOf(to)
    if (holders !== undefined && !holders.has(name)) this.#leaks.push(`${peer} sent a prompt for ${model} to ${name} at ${now} ms`)
  }

  #work(peer: string, call: string, now: Millis): void {
    const to = this.#workFor.get(`${peer}/${call}`)
    if (to === undefined || this.#directory.has(to, 'verifier')) return
    this.#leaks.push(`${peer} showed its work to ${this.#directory.nameOf(to)}, which is no verifier, at ${now} ms`)
  }

  #said(peer: string, event: NetworkEvent, now: Millis): void {
    if (event.type === 'dispatched' && this.#answerLiars.has(this.#directory.nameOf(event.operator))) this.#spoilt.add(event.requestId)
    if (event.type !== 'requestEnded') return
    const asked = this.#asked.get(event.requestId)
    this.#asked.delete(event.requestId)
    if (event.tokens === 0 || event.outputHash === undefined) return
    if (asked === undefined || this.#spoilt.has(event.requestId)) return
    const expected = this.#expected(asked, event.tokens)
    if (expected === undefined) return
    this.#answers++
    if (answerHashOf(nodeCryptography.hash, asked.prompt, expected) === event.outputHash) return
    this.#strayed.push(
      `${peer} was given ${event.tokens} other tokens than ${event.model} makes for request ${event.requestId}, told at ${now} ms`,
    )
  }

  #expected(asked: Asked, tokens: number): readonly number[] | undefined {
    const { request, prompt } = asked
    const weights = this.#roots.get(request.payload.model)
    if (weights === undefined) return undefined
    asked.model ??= createGenerator({ hash: nodeCryptography.hash, weights, prompt: promptTextOf(prompt), seed: request.payload.seed })
    return asked.model.tokens(0, tokens)
  }
}

const SECRET_TOKENS = 8

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

const verdict = (name: string, found: readonly string[], work: string): RunCheck => ({
  name,
  held: found.length === 0,
  expected: 'no violation',
  actual: found.length === 0 ? `none in ${work}` : `${found.length}, first: ${found[0]}`,
})
