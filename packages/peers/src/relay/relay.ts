import { assertNever, emit, type Failure, type Millis, type PeerId, request, respond, setTimer, subscribe } from '@infermesh/kernel'
import type { Envelope, Message, MessageOf, PeerEffect, PeerInput, PeerMachine, PeerServices } from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { admit } from '../admission.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { exponentialOf } from './draws.ts'
import { KeyBoard } from './key-board.ts'
import { Mix, type MixStep } from './mix.ts'
import { type RelayConfig, relayDefaults } from './relay-config.ts'
import { sealedNameOf } from './sealed-name.ts'

/** A peer that carries sealed requests to gateways: it knows who asks, and not what. */
export const createRelay = (config: RelayConfig, services: PeerServices): PeerMachine =>
  new Relay({ ...relayDefaults, ...config }, services)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

interface Carried {
  /** The client's call; gone once the client hung up. */
  readonly listener: string
  readonly client: PeerId
  readonly gateway: PeerId
  readonly sealed: string
  readonly message: MessageOf<'Sealed'>
  readonly since: Millis
  isHeard: boolean
  /** Of its answer; drawn with the first piece. */
  answerDelay: Millis | undefined
}

interface HeldPiece {
  readonly carried: Carried
  readonly data: Uint8Array
  readonly last: boolean
}

class Relay implements PeerMachine {
  readonly #config: Required<RelayConfig>
  readonly #services: PeerServices
  readonly #board = new KeyBoard()
  readonly #mix: Mix<Carried>
  readonly #byCall = new Map<string, Carried>()
  readonly #byListener = new Map<string, Carried>()
  /** Pieces of answers whose time to leave has not come. */
  readonly #held = new Map<string, HeldPiece>()
  #calls = 0

  constructor(config: Required<RelayConfig>, services: PeerServices) {
    this.#config = config
    this.#services = services
    this.#mix = new Mix(config.delay, obliviousOf(services).entropy)
  }

  validate(topic: string, envelope: Envelope): 'accept' | 'reject' | 'ignore' {
    return admit(this.#services.directory, topic, envelope)
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return [subscribe('keys')]
      case 'request':
        return this.#onRequest(input, now)
      case 'response':
        return this.#onResponse(input.callId, input.message, input.last)
      case 'failed':
        return this.#onFailed(input.callId, input.failure)
      case 'timer':
        if (input.key.startsWith(PIECE_PREFIX)) return this.#onPieceTimer(input.key)
        return this.#release(this.#mix.onTimer(input.key.slice(MIX_PREFIX.length)), now)
      case 'gossip':
        this.#board.hear(input.envelope)
        return []
      case 'cancelled':
        return this.#onCancelled(input.id)
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #onRequest({ id, from, message }: RequestInput, now: Millis): readonly PeerEffect[] {
    if (message.type === 'FetchKeys') return [respond(id, this.#board.found(now))]
    if (message.type === 'Forward') return this.#onForward(message, { id, from }, now)
    return [refusal(id, { code: 'bad-request', detail: `a relay does not answer ${message.type}` })]
  }

  #onForward({ gateway, media, body }: MessageOf<'Forward'>, call: { readonly id: string; readonly from: PeerId }, now: Millis) {
    if (!this.#services.directory.has(gateway, 'gateway')) {
      return [refusal(call.id, { code: 'not-processed', detail: `expected one of the network's gateways, found ${gateway}` })]
    }
    if (this.#byListener.size >= this.#config.running) {
      const detail = `this relay carries ${this.#config.running} requests, its limit`
      return [refusal(call.id, { code: 'not-processed', detail, retryAfter: 1_000 })]
    }
    const sealed = sealedNameOf(this.#services, body)
    const message = { type: 'Sealed', media, body } as const
    const carried: Carried = {
      listener: call.id,
      client: call.from,
      gateway,
      sealed,
      message,
      since: now,
      isHeard: true,
      answerDelay: undefined,
    }
    this.#byListener.set(call.id, carried)
    const received = emit({ type: 'relayReceived', sealed, client: call.from, gateway, bytes: body.length } as const)
    return [received, ...this.#release(this.#mix.add(carried), now)]
  }

  #release({ leaving, timer }: MixStep<Carried>, now: Millis): PeerEffect[] {
    const effects = leaving.flatMap((carried): PeerEffect[] => {
      const callId = `${FORWARD_PREFIX}${this.#calls++}`
      this.#byCall.set(callId, carried)
      const { sealed, gateway, message, since } = carried
      const event = { type: 'relayForwarded', sealed, gateway, bytes: message.body.length, heldMs: now - since } as const
      const timeout = this.#config.gatewaySilence
      return [emit(event), request({ callId, to: gateway, stream: 'oblivious', message, timeout })]
    })
    return timer === undefined ? effects : [...effects, setTimer(MIX_PREFIX + timer.key, timer.after)]
  }

  #onResponse(callId: string, message: Message, last: boolean): PeerEffect[] {
    const carried = this.#byCall.get(callId)
    if (carried === undefined) return []
    if (message.type === 'SealedPart') return this.#onPart(callId, carried, message, last)
    this.#end(callId, carried)
    if (message.type === 'Refused') return this.#tell(carried, message, true)
    return this.#tell(carried, refused({ code: 'upstream-lost', detail: `the gateway answered ${message.type}` }), true)
  }

  #onPart(callId: string, carried: Carried, { data, cost }: MessageOf<'SealedPart'>, last: boolean): PeerEffect[] {
    const { sealed, client } = carried
    if (last) this.#end(callId, carried)
    const billed = cost === undefined ? [] : [emit({ type: 'relayBilled', sealed, client, amount: cost } as const)]
    // The cost is between gateway and relay: what a client pays is the relay's own affair.
    return [...billed, ...this.#hold({ carried, data, last })]
  }

  #hold(piece: HeldPiece): PeerEffect[] {
    const { carried } = piece
    const mean = this.#config.answerDelay
    carried.answerDelay ??= mean === 0 ? 0 : Math.round(exponentialOf(obliviousOf(this.#services).entropy, mean))
    if (carried.answerDelay === 0) return this.#pass(piece)
    const key = `${PIECE_PREFIX}${this.#calls++}`
    this.#held.set(key, piece)
    return [setTimer(key, carried.answerDelay)]
  }

  #onPieceTimer(key: string): PeerEffect[] {
    const piece = this.#held.get(key)
    this.#held.delete(key)
    return piece === undefined ? [] : this.#pass(piece)
  }

  #pass({ carried, data, last }: HeldPiece): PeerEffect[] {
    const answered = emit({ type: 'relayAnswered', sealed: carried.sealed, bytes: data.length, last } as const)
    return [answered, ...this.#tell(carried, { type: 'SealedPart', data, cost: undefined }, last)]
  }

  /** Only a request that certainly did not arrive is told as not processed: on that word a client may send it again. */
  #onFailed(callId: string, failure: Failure): PeerEffect[] {
    const carried = this.#byCall.get(callId)
    if (carried === undefined) return []
    this.#end(callId, carried)
    const isDefinite = failure.code === 'unreachable' || failure.code === 'overflow'
    const detail = `${this.#services.directory.nameOf(carried.gateway)}: ${failure.code}`
    return this.#tell(carried, refused({ code: isDefinite ? 'not-processed' : 'upstream-lost', detail }), true)
  }

  /** A client that hangs up is not passed on: a gateway that saw it at once could tell the two ends of one stream. */
  #onCancelled(listener: string): PeerEffect[] {
    const carried = this.#byListener.get(listener)
    if (carried !== undefined) carried.isHeard = false
    return []
  }

  #tell(carried: Carried, message: Message, last: boolean): PeerEffect[] {
    return carried.isHeard ? [respond(carried.listener, message, last)] : []
  }

  #end(callId: string, carried: Carried): void {
    this.#byCall.delete(callId)
    this.#byListener.delete(carried.listener)
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const FORWARD_PREFIX = 'forward/'
const MIX_PREFIX = 'mix/'
const PIECE_PREFIX = 'piece/'
