import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type AnyMessage, type Effect, inputText, type PeerId, type PeerIdentity, randomFrom } from '@infermesh/kernel'
import { createHost, type Host, type HostOptions, SqliteStore, type TrueTime, tcpLink } from '@infermesh/libp2p'
import type { FaultOrder, FaultReport } from './fault-order.ts'
import type { Ask, BootPeer, PeerContext, PeerHost } from './host.ts'
import { MeshReporter } from './mesh-reporter.ts'
import { PeerFaults } from './peer-faults.ts'
import { serveHosts } from './process.ts'
import { SkewedClock } from './skewed-clock.ts'

/** What the composition root makes of a boot message. What is absent gets the host's default. */
export interface PeerParts
  extends Pick<HostOptions, 'createMachine' | 'codec' | 'compute' | 'streams' | 'topics' | 'limits' | 'gossip' | 'beforeEffect'> {
  /** Derived from the boot message's seed. */
  readonly identity: PeerIdentity
  /** Default: a SQLite file at the boot message's `store`. */
  readonly store?: HostOptions['store']
}

export type BuildPeer = (boot: BootPeer) => PeerParts | Promise<PeerParts>

/** The whole of a peer program: `runPeer(build)` in the entry file that the testnet bundles. */
export function runPeer(build: BuildPeer): void {
  serveHosts(async (boot, context) => startLibp2p(boot, await build(boot), context))
}

async function startLibp2p(boot: BootPeer, parts: PeerParts, context: PeerContext): Promise<PeerHost> {
  const clock = new SkewedClock(() => context.now())
  const { identity, store = openStore(boot), beforeEffect, createMachine, ...rest } = parts
  const faults = new PeerFaults({ peer: boot.name, clock, store, trueNow: () => context.now() })
  const mesh = new MeshReporter((state) => context.onMesh(state))
  const host = createHost({
    ...rest,
    name: boot.name,
    identity,
    createMachine: () => faults.watched(createMachine()),
    store: faults.store,
    link: tcpLink(),
    listen: [boot.listen],
    now: () => clock.now(),
    timers: clock,
    trueTime: trueTime(context),
    random: randomFrom(`${identity.peerId}/${boot.generation}`),
    emit: (event) => context.onTrace(event),
    beforeEffect: (effect: Effect) => {
      if (effect.type === 'subscribe') mesh.onSubscribe(effect.topic)
      beforeEffect?.(effect)
      faults.beforeEffect()
    },
    onProbe: (id, at) => context.onProbe(id, at),
    onMesh: () => mesh.onChange(),
    onFatal: (error, input) =>
      context.onFatal(input ? new Error(`while handling ${inputText(input)}: ${error.message}`, { cause: error }) : error),
  })
  faults.attach(host.links)
  for (const order of boot.conditions) await faults.perform(order)
  await host.start()
  mesh.watch(host)
  return new Libp2pPeer(identity.peerId, host, { faults, mesh })
}

interface PeerSides {
  readonly faults: PeerFaults
  readonly mesh: MeshReporter
}

/** A libp2p host as the process runtime wants it. */
class Libp2pPeer implements PeerHost {
  readonly peerId: PeerId
  readonly #host: Host
  readonly #sides: PeerSides

  constructor(peerId: PeerId, host: Host, sides: PeerSides) {
    this.peerId = peerId
    this.#host = host
    this.#sides = sides
  }

  addresses(): readonly string[] {
    return this.#host.addresses()
  }

  know(peer: PeerId, addresses: readonly string[]): void {
    this.#host.know(peer, addresses)
  }

  dial(peer: PeerId): void {
    const { mesh } = this.#sides
    mesh.want(peer)
    const changed = () => mesh.onChange()
    // A failed try is told by the connection that lacks; the host tries again by itself.
    this.#host.dial(peer).then(changed, changed)
  }

  ask({ stream, message, timeout }: Ask): AsyncIterator<AnyMessage> {
    return this.#host.ask(stream, message, timeout === undefined ? {} : { timeout })
  }

  fault(order: FaultOrder): Promise<FaultReport | undefined> {
    return this.#sides.faults.perform(order)
  }

  stats(): Readonly<Record<string, number>> {
    const { dropped, ...counters } = this.#host.stats()
    const byQueue = Object.entries(dropped).map(([queue, count]) => [`dropped.${queue}`, count])
    return { ...counters, ...Object.fromEntries(byQueue) }
  }

  async stop(): Promise<void> {
    this.#sides.mesh.stop()
    await this.#host.stop()
  }
}

/** The links are not the peer's: a fault on its clock leaves them alone. */
const trueTime = (context: PeerContext): TrueTime => ({
  now: () => context.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, delay)
    return () => clearTimeout(timer)
  },
})

function openStore(boot: BootPeer): SqliteStore {
  mkdirSync(dirname(boot.store), { recursive: true })
  return new SqliteStore({ file: boot.store, peer: boot.name })
}
