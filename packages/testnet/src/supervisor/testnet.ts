import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { type AnyMessage, assertNever, type Millis, type TraceEvent, WORLD, type WorldEvent } from '@infermesh/kernel'
import { Gate } from '../gate.ts'
import type { FromPeer, Listening, PeerCall } from '../peer/channel.ts'
import type { Ask, BootPeer } from '../peer/host.ts'
import { AddressBook } from './address-book.ts'
import { Calls, ended, messages, type OpenCall } from './calls.ts'
import { exitRecord } from './exit-record.ts'
import { FaultControl } from './fault-control.ts'
import { type Member, Members } from './member.ts'
import { MeshWaiters } from './mesh-waiters.ts'
import { MeshWatch } from './mesh-watch.ts'
import { PeerProcess, type ProcessExit } from './peer-process.ts'
import { cpuMsOf, memoryOf } from './proc-files.ts'
import { Reaper } from './reaper.ts'
import { RecordOrder } from './record-order.ts'
import { wipeStore } from './store-files.ts'
import type { PeerSpec, PeerStats, PeerStatus, TestnetLimits, TestnetOptions } from './testnet-options.ts'

/** Starts peer processes, keeps watch over them and does to them what a scenario or a person asks. */
export class Testnet {
  /** Unix time of the run's start; every `at` in the trace counts from it. */
  readonly epoch: Millis = Date.now()
  readonly #epochNs = process.hrtime.bigint()
  readonly #options: TestnetOptions
  readonly #limits: TestnetLimits
  readonly #reaper = new Reaper()
  readonly #members = new Members()
  readonly #boots: Gate
  readonly #book = new AddressBook((name, peers) => this.#members.process(name)?.send({ type: 'know', peers }))
  readonly #mesh = new MeshWatch()
  readonly #meshWaiters = new MeshWaiters(this.#mesh, (peers) => this.record({ type: 'meshReady', peers }))
  readonly #calls = new Calls()
  /** What is wrong with links, clocks and disks. */
  readonly faults = new FaultControl({
    members: this.#members,
    now: () => this.now(),
    call: (peer, order) => this.#call(peer, { type: 'fault', order }),
  })
  readonly #records: RecordOrder
  #bundleIsNew: boolean
  #closed: Promise<void> | undefined

  constructor(options: TestnetOptions) {
    this.#options = options
    this.#limits = { ...defaults(), ...options.limits }
    this.#boots = new Gate(this.#limits.bootsInFlight)
    this.#bundleIsNew = options.bundle.isNew
    this.#records = new RecordOrder(options.onRecord, () => this.now(), this.#limits.orderWindow)
    for (const spec of options.peers) this.#join(spec)
    for (const { spec } of this.#members.all()) for (const name of spec.dial) this.#members.get(name)
  }

  /** Milliseconds since the run began, on a clock that never goes back. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#epochNs) / 1e6
  }

  /** Starts every peer, dialling as soon as both ends of a link are up. When one can't start, all are stopped. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#members.processes().map((process) => this.#boot(process)))
    } catch (error) {
      await this.killAll()
      throw error
    }
  }

  /** Adds a peer, in a process of its own, to the running network. */
  async add(spec: PeerSpec): Promise<void> {
    if (this.#members.process(spec.process ?? spec.name)) throw new Error(`expected a new process for ${spec.name}, but it runs already`)
    for (const name of spec.dial) this.#members.get(name)
    await this.#boot(this.#join(spec))
  }

  /** Resolves when every wanted link stands and every subscriber has a mesh neighbour; rejects with what lacks. */
  async meshed(timeout: Millis): Promise<void> {
    await this.#meshWaiters.wait(timeout)
  }

  /** Kills the peer's process with SIGKILL. Resolves when it is gone. */
  async crash(name: string): Promise<void> {
    await this.#members.get(name).process.crash()
  }

  /** Starts a peer that is down with its identity and its store, or without the latter. One that runs is stopped first. */
  async restart(name: string, { wipe = false }: { readonly wipe?: boolean } = {}): Promise<void> {
    const { process } = this.#members.get(name)
    await process.stop()
    if (wipe) for (const { spec } of this.#members.of(process.name)) wipeStore(this.#storeOf(spec.name))
    await this.#boot(process)
  }

  /** Freezes the peer's process, with its sockets open. Resolves when it stands still. */
  async pause(name: string): Promise<void> {
    await this.#members.get(name).process.pause()
  }

  resume(name: string): void {
    this.#members.get(name).process.resume()
  }

  /** Lets the peer end in order, its trace complete. */
  async stop(name: string): Promise<void> {
    await this.#members.get(name).process.stop()
  }

  /** Stops every peer in order. Nothing runs and no file is open afterwards. */
  async stopAll(): Promise<void> {
    await this.#close((process) => process.stop())
  }

  /** Kills every peer at once. */
  async killAll(): Promise<void> {
    await Promise.all(this.#members.processes().map((process) => process.crash()))
    await this.#close((process) => process.crash())
  }

  /** Asks a peer's machine, and yields its answers. Throws `CallFailed`. Leaving early or aborting cancels the request. */
  ask(name: string, ask: Ask, signal?: AbortSignal): AsyncIterableIterator<AnyMessage> {
    const call = this.#call(name, { type: 'ask', ask })
    const leave = () => void call.return()
    if (signal?.aborted) leave()
    signal?.addEventListener('abort', leave, { once: true })
    return messages(call, () => signal?.removeEventListener('abort', leave))
  }

  async stats(name: string): Promise<PeerStats> {
    const { process } = this.#members.get(name)
    const pid = process.pid()
    const host = process.state() === 'running' ? await ended(this.#call(name, { type: 'stats' })) : undefined
    return { name, memory: memoryOf(pid), cpuMs: cpuMsOf(pid), host: host && 'counters' in host ? host : undefined }
  }

  status(name: string): PeerStatus {
    return this.#members.status(this.#members.get(name))
  }

  peers(): readonly PeerStatus[] {
    return this.#members.all().map((member) => this.#members.status(member))
  }

  #join(spec: PeerSpec): PeerProcess {
    const name = spec.process ?? spec.name
    const process = this.#members.process(name) ?? this.#newProcess(name)
    this.#members.add(spec, process)
    this.#mesh.join(spec.name, spec.dial)
    return process
  }

  #newProcess(name: string): PeerProcess {
    const { folder, bundle, env, execArgv } = this.#options
    return new PeerProcess({
      name,
      file: bundle.file,
      log: resolve(folder, 'logs', `${name}.log`),
      env: { ...process.env, NODE_COMPILE_CACHE: bundle.compileCache, ...env },
      execArgv: execArgv ?? defaultExecArgv,
      bootTimeoutMs: this.#limits.bootTimeout,
      stopTimeoutMs: this.#limits.stopTimeout,
      reaper: this.#reaper,
      onMessage: (message) => this.#onMessage(message),
      onExit: (exit) => this.#onExit(name, exit),
    })
  }

  async #boot(process: PeerProcess): Promise<void> {
    for (const { spec } of this.#members.of(process.name)) this.#mesh.expect(spec.name)
    await this.#boots.run(async () => {
      if (this.#closed) throw new Error(`${process.name} was not started: the testnet is stopping`)
      const generation = this.#members.nextGeneration(process.name)
      const peers = this.#members.of(process.name).map((member) => this.#bootPeer(member, generation))
      const saveCompileCache = this.#bundleIsNew
      this.#bundleIsNew = false
      const listening = await process.boot({ type: 'boot', peers, epochNs: this.#epochNs, saveCompileCache })
      for (const { name, conditions } of peers) await this.faults.catchUp(name, conditions)
      this.#onListening(process, listening, generation > 0)
    })
  }

  #bootPeer({ spec }: Member, generation: number): BootPeer {
    const { name, role, identitySeed, config, listen = '/ip4/127.0.0.1/tcp/0' } = spec
    const store = this.#storeOf(name)
    return { name, role, identitySeed, config, epoch: this.epoch, store, listen, generation, conditions: this.faults.conditionsOf(name) }
  }

  #storeOf(name: string): string {
    return resolve(this.#options.folder, 'stores', name)
  }

  #onListening(process: PeerProcess, listening: readonly Listening[], restarted: boolean): void {
    const up = listening.map(({ name, peerId, addresses }) => {
      const member = this.#members.get(name)
      member.peerId = peerId
      member.addresses = addresses
      this.#mesh.up(name, peerId)
      this.record({ type: 'peerStarted', name, peerId, role: member.spec.role, restarted })
      return member
    })
    this.#book.join(process.name)
    this.#book.publish(listening)
    for (const [member, targets] of this.#members.dialsAfter(up)) {
      // One that is starting dials all its own as soon as it listens.
      if (member.process.state() === 'starting') continue
      this.#book.flush(member.process.name)
      member.process.send({ type: 'dial', peer: member.spec.name, targets })
    }
    this.#meshWaiters.check()
  }

  #onMessage(message: FromPeer): void {
    switch (message.type) {
      case 'trace':
        for (const record of message.batch) this.#records.add(record)
        return
      case 'mesh':
        this.#mesh.update(message.peer, message.state)
        this.#meshWaiters.check()
        return
      case 'probed':
        this.faults.onProbed(message.id, message.at)
        return
      case 'answer':
        this.#calls.answer(message.callId, message.value)
        return
      case 'ended':
        this.#calls.end(message.callId, message.failure)
        return
      case 'listening':
      case 'fatal':
        // They concern the process alone, which has seen them.
        return
      default:
        assertNever(message)
    }
  }

  #onExit(process: string, exit: ProcessExit): void {
    this.#book.leave(process)
    this.#calls.lose(process)
    const members = this.#members.of(process)
    for (const { spec } of members) {
      this.#mesh.down(spec.name)
      this.faults.onExit(spec.name)
      this.record(exitRecord(spec.name, exit))
    }
    this.#meshWaiters.check()
    if (exit.cause !== 'unexpected') return
    const log = this.#members.process(process)?.log ?? ''
    this.#options.onUnexpectedExit?.({ peers: members.map(({ spec }) => spec.name), detail: exit.detail, log })
  }

  #call(name: string, call: PeerCall): OpenCall {
    return this.#calls.start(this.#members.get(name).process, name, call)
  }

  /** Adds a record of the world's own to the trace. */
  record(event: WorldEvent): void {
    const traced: TraceEvent = event
    this.#records.add({ peer: WORLD, at: this.now(), event: traced })
  }

  async #close(end: (process: PeerProcess) => Promise<void>): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all(this.#members.processes().map(end))
      this.#book.close()
      this.#records.flush()
      this.#meshWaiters.close()
      await this.#reaper.close()
    })()
    await this.#closed
  }
}

/**
 * SQLite, where the peers' stores are, is still called experimental on every start. A pool size of 0 lets V8 take as many threads
 * as the machine has cores for, instead of four a peer.
 */
const defaultExecArgv = ['--disable-warning=ExperimentalWarning', '--v8-pool-size=0']

const defaults = (): TestnetLimits => ({
  bootsInFlight: availableParallelism() + 1,
  bootTimeout: 30_000,
  stopTimeout: 5_000,
  orderWindow: 100,
})
