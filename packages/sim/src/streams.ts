import type { AnyEnvelope, AnyMessage, Failure, FailureCode, PeerId } from '@infermesh/kernel'
import { assert, type Call as CallEffect } from '@infermesh/kernel'
import type { Call, LocalAnswer, Parcel } from './call.ts'
import { Cargo } from './cargo.ts'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import { KIND } from './event-kind.ts'
import type { Host } from './host.ts'
import type { Peer } from './peer.ts'

/** The peer id that a machine sees as the sender of a call from outside the network, as of an HTTP front door. */
export const LOCAL_CALLER: PeerId = 'local'

const NOTHING = { type: 'none' } as const

/** Requests and their answers: every call ends in exactly one of last answer, failure, or the caller's own cancel. */
export class Streams<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #connections: Connections<M, E>
  readonly #sizeOf: (message: M) => number
  readonly #parcels = new Cargo<Parcel<M, E>>()
  #requests = 0

  constructor(host: Host<M, E>, connections: Connections<M, E>, sizeOf: (message: M) => number) {
    this.#host = host
    this.#connections = connections
    this.#sizeOf = sizeOf
  }

  request(caller: Peer<M, E>, effect: CallEffect<M>): void {
    const { callId, to, stream, message, timeout } = effect
    caller.calls ??= new Map()
    assert(!caller.calls.has(callId), `${caller.spec.name} used call id ${callId} for two open calls`)
    const callee = this.#host.peersById.get(to)
    const call = this.#open({ callId, caller, callee, stream, timeout, onAnswer: undefined })
    caller.calls.set(callId, call)
    if (callee === undefined || callee === caller) {
      this.#failSoon(call, 'unreachable', callee === undefined ? `no peer has the id ${to}` : 'a peer cannot dial itself')
      return
    }
    call.connection = this.#connections.towards(caller, callee)
    const isSent = this.#ship(caller, KIND.call, { call, body: { type: 'message', message, last: true } })
    if (!isSent) this.#failSoon(call, 'overflow', `the uplink of ${caller.spec.name} has no room`)
  }

  /** A call from outside, which takes no time to reach the peer. The result cancels it. */
  ask(callee: Peer<M, E>, effect: Omit<CallEffect<M>, 'callId' | 'to'>, onAnswer: (answer: LocalAnswer<M>) => void): () => void {
    const { stream, message, timeout } = effect
    const call = this.#open({ callId: LOCAL_CALLER, caller: undefined, callee, stream, timeout, onAnswer })
    this.#push(KIND.call, callee.index, { call, body: { type: 'message', message, last: true } })
    return () => {
      if (!call.isOpen) return
      call.isOpen = false
      this.#push(KIND.cancelled, callee.index, { call, body: NOTHING })
    }
  }

  respond(peer: Peer<M, E>, requestId: string, message: M, last: boolean): void {
    const call = peer.serving?.get(requestId)
    // The caller cancelled or is gone: the machine may not know yet.
    if (call === undefined) return
    if (last) peer.serving?.delete(requestId)
    const parcel: Parcel<M, E> = { call, body: { type: 'message', message, last } }
    if (call.caller === undefined) this.#push(KIND.localAnswer, -1, parcel)
    else this.#ship(peer, KIND.answer, parcel)
  }

  cancel(peer: Peer<M, E>, callId: string): void {
    const call = peer.calls?.get(callId)
    if (call !== undefined) this.#giveUp(call)
  }

  onCall(callee: Peer<M, E>, cargo: number): void {
    const { call, body } = this.#parcels.take(cargo)
    const connection = call.connection
    if (connection?.isBroken === true) return
    if (callee.machine === undefined) {
      if (connection !== undefined && !connection.isAccepted) this.#connections.refuse(connection)
      if (call.caller === undefined) this.#fail(call, 'unreachable', `${callee.spec.name} is down`)
      return
    }
    if (connection !== undefined) this.#connections.accept(connection)
    if (connection?.isOpenAt(callee) === false || body.type !== 'message') return
    callee.serving ??= new Map()
    callee.serving.set(call.requestId, call)
    const from = call.caller?.spec.peerId ?? LOCAL_CALLER
    this.#host.deliver(callee, { type: 'request', id: call.requestId, from, stream: call.stream, message: body.message })
  }

  onAnswer(caller: Peer<M, E> | undefined, cargo: number): void {
    const { call, body } = this.#parcels.take(cargo)
    if (!call.isOpen || body.type !== 'message') return
    if (caller !== undefined && call.connection?.isOpenAt(caller) === false) return
    call.deadline = this.#host.now + call.timeout
    if (body.last) this.#close(call)
    if (caller === undefined) call.onAnswer?.({ type: 'response', message: body.message, last: body.last })
    else this.#host.deliver(caller, { type: 'response', callId: call.callId, message: body.message, last: body.last })
  }

  onCancelled(callee: Peer<M, E>, cargo: number): void {
    const { call } = this.#parcels.take(cargo)
    if (callee.serving?.get(call.requestId) === call) this.#cancelServed(callee, call)
  }

  onFailed(cargo: number): void {
    const { call, body } = this.#parcels.take(cargo)
    if (body.type === 'failure') this.#fail(call, body.failure.code, body.failure.detail)
  }

  onTimeout(cargo: number): void {
    const parcel = this.#parcels.take(cargo)
    const { call } = parcel
    if (!call.isOpen) return
    if (this.#host.now < call.deadline) {
      this.#host.queue.push(call.deadline, KIND.timeout, call.caller?.index ?? -1, this.#parcels.put(parcel), 0)
      return
    }
    this.#giveUp(call)
    this.#report(call, 'timeout', `no answer on ${call.stream} for ${call.timeout} ms`)
  }

  /** One side learns that its connection is over: its open calls fail, the calls it serves are cancelled. */
  onConnectionLost(side: Peer<M, E>, cargo: number): void {
    const connection = this.#connections.takeEnd(cargo)
    const other = connection.other(side)
    if (!connection.isOpenAt(side)) return
    connection.closeAt(side)
    const isCurrent = side.connections?.get(other.index) === connection
    if (isCurrent) side.connections?.delete(other.index)
    const code = connection.isAccepted ? 'lost' : 'unreachable'
    const detail = connection.isAccepted ? `the connection to ${other.spec.name} broke` : `${other.spec.name} could not be dialled`
    for (const call of this.#callsOn(side.calls, connection)) this.#fail(call, code, detail)
    for (const call of this.#callsOn(side.serving, connection)) this.#cancelServed(side, call)
    if (isCurrent && connection.isAccepted) this.#host.deliver(side, { type: 'peerLost', peer: other.spec.peerId })
  }

  /** A process died: its calls are forgotten, and whoever called it is told. */
  onCrash(peer: Peer<M, E>): void {
    for (const call of peer.calls?.values() ?? []) call.isOpen = false
    for (const call of peer.serving?.values() ?? []) {
      if (call.caller === undefined) this.#failSoon(call, 'lost', `${peer.spec.name} crashed`)
    }
    peer.calls = undefined
    peer.serving = undefined
    this.#connections.endAll(peer)
  }

  #open(parts: Omit<Call<M, E>, 'requestId' | 'deadline' | 'connection' | 'isOpen'>): Call<M, E> {
    this.#requests++
    const deadline = this.#host.now + parts.timeout
    const call: Call<M, E> = { ...parts, requestId: `q${this.#requests}`, deadline, connection: undefined, isOpen: true }
    this.#host.queue.push(deadline, KIND.timeout, parts.caller?.index ?? -1, this.#parcels.put({ call, body: NOTHING }), 0)
    return call
  }

  #callsOn(calls: Map<string, Call<M, E>> | undefined, connection: Connection<M, E>): readonly Call<M, E>[] {
    return calls === undefined ? [] : [...calls.values()].filter((call) => call.connection === connection)
  }

  #ship(from: Peer<M, E>, kind: number, parcel: Parcel<M, E>): boolean {
    const { call, body } = parcel
    const bytes = body.type === 'message' ? this.#sizeOf(body.message) : 0
    if (call.connection === undefined) return true
    return this.#connections.send(call.connection, {
      from,
      lane: call.stream,
      bytes,
      kind,
      cargo: this.#parcels.put(parcel),
      mayOverflow: kind === KIND.call,
    })
  }

  #push(kind: number, peer: number, parcel: Parcel<M, E>): void {
    this.#host.queue.push(this.#host.now, kind, peer, this.#parcels.put(parcel), 0)
  }

  #failSoon(call: Call<M, E>, code: FailureCode, detail: string): void {
    this.#push(KIND.failed, call.caller?.index ?? -1, { call, body: { type: 'failure', failure: { code, detail } } })
  }

  #fail(call: Call<M, E>, code: FailureCode, detail: string): void {
    if (!call.isOpen) return
    this.#close(call)
    this.#report(call, code, detail)
  }

  #report(call: Call<M, E>, code: FailureCode, detail: string): void {
    const failure: Failure = { code, detail }
    if (call.caller === undefined) call.onAnswer?.({ type: 'failed', failure })
    else this.#host.deliver(call.caller, { type: 'failed', callId: call.callId, failure })
  }

  #close(call: Call<M, E>): void {
    call.isOpen = false
    if (call.caller?.calls?.get(call.callId) === call) call.caller.calls.delete(call.callId)
  }

  /** The caller waits no longer, and the other side is told in lane order. */
  #giveUp(call: Call<M, E>): void {
    this.#close(call)
    if (call.callee === undefined) return
    if (call.caller === undefined) this.#push(KIND.cancelled, call.callee.index, { call, body: NOTHING })
    else this.#ship(call.caller, KIND.cancelled, { call, body: NOTHING })
  }

  #cancelServed(callee: Peer<M, E>, call: Call<M, E>): void {
    callee.serving?.delete(call.requestId)
    this.#host.deliver(callee, { type: 'cancelled', id: call.requestId })
  }
}
