import type { Millis } from '@infermesh/kernel'
import type { Message } from '@infermesh/protocol'
import type { CrashOptions, DiskFaultSpec, LineRate, LinkFaultSpec, LocalAnswer, LocalCall, RuleCounts, RuleHandle } from '@infermesh/sim'
import { CallFailed, type PeerStatus, type PlacedFault, type Testnet, type UnexpectedExit, type Witness } from '@infermesh/testnet'
import type { FaultHost, Seen, Watch } from './fault-host.ts'
import type { Pair } from './probes.ts'
import { type OnProbe, ProcessProbes } from './process-probes.ts'

/** What two crowded cores may hold up a probe. */
const NOISE_MS = 20

interface Clock {
  readonly error: number
  readonly drift: number
  readonly since: number
}

export interface ProcessHostInit {
  readonly testnet: Testnet
  readonly peers: readonly { readonly name: string; readonly dial: readonly string[] }[]
  /** A probe that has not arrived by then counts as lost; 5 s unless told. */
  readonly patience?: Millis
}

const rest: Seen = { offset: 0, at: -1, saves: 0, saveMsMin: Number.POSITIVE_INFINITY }

/**
 * A testnet of processes as a host of faults. What is asked for begins at once and in order; what it came to is known after `settled`
 * and `refresh`.
 */
export class ProcessHost implements FaultHost, Watch {
  readonly noiseMs = NOISE_MS
  readonly #testnet: Testnet
  readonly #linked: ReadonlySet<string>
  readonly #rules = new Set<PlacedFault>()
  readonly #pending = new Set<Promise<unknown>>()
  /** Starts and crashes of one process follow each other. */
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #starting = new Set<string>()
  readonly #clocks = new Map<string, Clock>()
  /** Whose disk ever did what; a peer may end of it just as it is mended. */
  readonly #spoilt = new Set<string>()
  readonly #doomed = new Set<string>()
  readonly #seen = new Map<string, Seen>()
  readonly #failures: string[] = []
  readonly #probes: ProcessProbes

  constructor({ testnet, peers, patience = 5_000 }: ProcessHostInit) {
    this.#testnet = testnet
    this.#probes = new ProcessProbes({ faults: testnet.faults, patience, keep: (work) => this.#keep(work) })
    this.#linked = new Set(peers.flatMap(({ name, dial }) => dial.flatMap((other) => [`${name} ${other}`, `${other} ${name}`])))
  }

  now(): Millis {
    return Math.floor(this.#testnet.now())
  }

  isLinked(from: string, to: string): boolean {
    return this.#linked.has(`${from} ${to}`)
  }

  /** A process that is being killed is up until it is gone; one that starts is up once it listens. */
  isUp(name: string): boolean {
    const { state } = this.#status(name)
    return !this.#starting.has(name) && (state === 'running' || state === 'paused' || state === 'crashing')
  }

  record(event: Parameters<Testnet['record']>[0]): void {
    this.#testnet.record(event)
  }

  ask(
    name: string,
    { stream, message, timeout = 30_000 }: LocalCall<Message>,
    onAnswer: (answer: LocalAnswer<Message>) => void,
  ): () => void {
    const controller = new AbortController()
    const listen = async (): Promise<void> => {
      try {
        for await (const answer of this.#testnet.ask(name, { stream, message, timeout }, controller.signal))
          onAnswer({ type: 'response', message: answer as Message, last: false })
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error
        onAnswer({ type: 'failed', failure: { code: 'lost', detail: error.message } })
      }
    }
    void listen()
    return () => controller.abort()
  }

  crash(name: string, { afterEffects = 0 }: CrashOptions = {}): void {
    if (afterEffects <= 0) {
      this.#inTurn(name, () => this.#testnet.crash(name))
      return
    }
    const isPlanned = afterEffects < Number.POSITIVE_INFINITY
    if (isPlanned) this.#doomed.add(name)
    this.#keep(this.#testnet.faults.doom(name, isPlanned ? afterEffects : undefined))
  }

  start(name?: string): void {
    if (name !== undefined) this.#boot(name, async () => this.#status(name).state !== 'down' || (await this.#testnet.restart(name)))
  }

  restart(name: string, { wipe = false }: { readonly wipe?: boolean } = {}): void {
    this.#boot(name, async () => {
      await this.#testnet.crash(name)
      await this.#testnet.restart(name, { wipe })
    })
  }

  pause(name: string): void {
    this.#keep(this.#testnet.pause(name))
  }

  resume(name: string): void {
    if (this.#status(name).state === 'paused') this.#testnet.resume(name)
  }

  /** Jumps add up, as on any clock; a testnet is told the whole error. */
  setClock(name: string, { offset, drift = 0 }: { readonly offset: Millis; readonly drift?: number }): void {
    const now = this.#testnet.now()
    const before = this.#clocks.get(name) ?? { error: 0, drift: 0, since: now }
    const error = before.error + (now - before.since) * before.drift + offset
    this.#clocks.set(name, { error, drift, since: now })
    this.#keep(this.#witness(name))
    this.#keep(this.#testnet.faults.setClock(name, { offset: Math.round(error), driftPpm: drift * 1e6 }))
  }

  setDisk(name: string, fault: DiskFaultSpec | undefined): void {
    if (fault !== undefined) this.#spoilt.add(`${name} ${fault.type}`)
    this.#keep(this.#testnet.faults.setDisk(name, fault))
  }

  setLineRate(name: string, rate: LineRate): void {
    this.#probes.send()
    this.#keep(this.#testnet.faults.setLineRate(name, rate))
  }

  addRule(label: string, spec: LinkFaultSpec): RuleHandle {
    this.#probes.send()
    const { fault, placed } = this.#testnet.faults.placeRule(label, spec)
    this.#rules.add(fault)
    this.#keep(placed)
    return {
      label,
      get counts(): RuleCounts {
        return fault.counts()
      },
      remove: () => {
        if (!this.#rules.delete(fault)) return
        this.#probes.send()
        this.#keep(fault.heal())
      },
    }
  }

  probe(from: string, to: string, onResult: OnProbe, bytes = 0): void {
    this.#probes.add({ from, to, bytes }, onResult)
  }

  idleMs(pairs: readonly Pair[]): number | undefined {
    return this.#probes.idleMs(pairs)
  }

  /** What measuring needs, before there is something to measure. */
  async prepare(pairs: readonly Pair[]): Promise<void> {
    await this.#probes.prepare(pairs)
  }

  of(peer: string): Seen {
    return this.#seen.get(peer) ?? rest
  }

  restartSaves(peer: string): void {
    this.#seen.set(peer, { ...this.of(peer), saves: 0, saveMsMin: Number.POSITIVE_INFINITY })
    this.#keep(this.#witness(peer, true))
  }

  /** Asks what came of everything. */
  async refresh(): Promise<void> {
    await Promise.all([...[...this.#rules].map((rule) => rule.refresh()), ...[...this.#seen.keys()].map((peer) => this.#witness(peer))])
  }

  /** Resolves when nothing that was asked for is still under way. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  /** What went wrong in doing or undoing a fault. */
  failures(): readonly string[] {
    return this.#failures
  }

  /** Is it a fault that ended these peers? */
  explains({ peers, detail }: UnexpectedExit): boolean {
    return peers.some((peer) => {
      if (this.#doomed.delete(peer)) return true
      const isFull = this.#spoilt.has(`${peer} full`) && detail.includes('the disk is full')
      const isTorn = this.#spoilt.has(`${peer} torn`) && (detail.includes('the disk tore a write') || detail.includes(DAMAGED))
      return isFull || isTorn
    })
  }

  #status(name: string): PeerStatus {
    return this.#testnet.status(name)
  }

  #boot(name: string, work: () => Promise<unknown>): void {
    this.#starting.add(name)
    const boot = async (): Promise<void> => {
      try {
        await work()
      } catch (error) {
        // A peer that finds its disk damaged refuses, which is right, and stays down.
        if (!(this.#spoilt.has(`${name} torn`) && String(error).includes(DAMAGED))) throw error
      } finally {
        this.#starting.delete(name)
      }
    }
    this.#inTurn(name, boot)
  }

  #inTurn(name: string, work: () => Promise<unknown>): void {
    const { process } = this.#status(name)
    const turn = (this.#turns.get(process) ?? Promise.resolve()).then(work)
    this.#turns.set(
      process,
      turn.catch(() => undefined),
    )
    this.#keep(turn)
  }

  #keep(work: Promise<unknown>): void {
    const kept = work.then(
      () => undefined,
      (error: unknown) => void this.#failures.push(error instanceof Error ? error.message : String(error)),
    )
    this.#pending.add(kept)
    void kept.finally(() => this.#pending.delete(kept))
  }

  async #witness(peer: string, fresh = false): Promise<void> {
    const report = await this.#testnet.faults.witness(peer, fresh)
    if (report !== undefined) this.#seen.set(peer, seenOf(report))
  }
}

const DAMAGED = 'disk is damaged'

const seenOf = ({ clockOffset, clockSeenAt, saves, saveMsMin }: Witness): Seen => ({
  offset: clockOffset,
  at: clockSeenAt,
  saves,
  saveMsMin,
})
