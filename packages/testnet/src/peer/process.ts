import { flushCompileCache } from 'node:module'
import { assert, assertNever, type PeerId } from '@infermesh/kernel'
import { PeerCalls } from './calls.ts'
import type { FromPeer, Listening, ToPeer } from './channel.ts'
import type { BootPeer, PeerAddress, PeerContext, PeerHost, StartHost } from './host.ts'
import { LoopDelay } from './loop-delay.ts'
import { readableError } from './readable-error.ts'
import { TraceBatch } from './trace-batch.ts'

/**
 * Makes this process a peer process: waits for the supervisor's boot message, starts the hosts it names and obeys until it is
 * stopped. Ends the process when the supervisor is gone.
 */
export function serveHosts(startHost: StartHost): void {
  assert(process.send, 'a peer process is started by a testnet supervisor, not by hand')
  const peers = new PeerRuntime(startHost)
  process.on('message', (message) => peers.onMessage(fromSupervisor(message)))
  process.on('disconnect', abandon)
  process.on('uncaughtException', (error) => peers.fail('', error))
  // The supervisor may have died while this file was still being loaded.
  if (!process.connected) abandon()
}

class PeerRuntime {
  readonly #startHost: StartHost
  readonly #hosts = new Map<string, PeerHost>()
  readonly #trace = new TraceBatch((batch, taken) => this.#send({ type: 'trace', batch }, taken))
  readonly #calls = new PeerCalls((message) => this.#answer(message), new LoopDelay())
  /** Addresses that came before the hosts were up. */
  readonly #known = new Map<PeerId, PeerAddress>()
  #epochNs = 0n
  #ending = false

  constructor(startHost: StartHost) {
    this.#startHost = startHost
  }

  onMessage(message: ToPeer): void {
    switch (message.type) {
      case 'boot':
        this.#epochNs = message.epochNs
        this.#boot(message.peers, message.saveCompileCache).catch((error) => this.fail('', error))
        return
      case 'know':
        this.#know(message.peers)
        return
      case 'dial':
        this.#dial(message.peer, message.targets)
        return
      case 'call':
        this.#calls.start(this.#hosts.get(message.peer), message.callId, message.call)
        return
      case 'cancel':
        this.#calls.cancel(message.callId)
        return
      case 'stop':
        this.#stop().catch((error) => this.fail('', error))
        return
      default:
        assertNever(message)
    }
  }

  /** Says why on the log and to the supervisor, then ends the process with code 1. */
  fail(peer: string, error: unknown): void {
    if (this.#ending) return
    this.#ending = true
    const detail = readableError(error)
    console.error(peer === '' ? detail : `${peer}: ${detail}`)
    this.#trace.flush()
    this.#send({ type: 'fatal', peer, detail }, () => process.exit(1))
  }

  async #boot(peers: readonly BootPeer[], saveCompileCache: boolean): Promise<void> {
    const listening: Listening[] = []
    for (const boot of peers) {
      const host = await this.#startHost(boot, this.#context(boot.name))
      this.#hosts.set(boot.name, host)
      listening.push({ name: boot.name, peerId: host.peerId, addresses: host.addresses() })
      for (const { peerId, addresses } of this.#known.values()) host.know(peerId, addresses)
    }
    this.#send({ type: 'listening', peers: listening })
    if (saveCompileCache) flushCompileCache()
  }

  #context(peer: string): PeerContext {
    const now = () => Number(process.hrtime.bigint() - this.#epochNs) / 1e6
    return {
      now,
      onTrace: (event) => this.#trace.add({ peer, at: now(), event }),
      onMesh: (state) => this.#send({ type: 'mesh', peer, state }),
      onProbe: (id, at) => this.#send({ type: 'probed', id, at }),
      onFatal: (error) => this.fail(peer, error),
    }
  }

  #know(peers: readonly PeerAddress[]): void {
    for (const peer of peers) {
      this.#known.set(peer.peerId, peer)
      for (const host of this.#hosts.values()) if (host.peerId !== peer.peerId) host.know(peer.peerId, peer.addresses)
    }
  }

  #dial(peer: string, targets: readonly PeerId[]): void {
    const host = this.#hosts.get(peer)
    assert(host, `dial for ${peer}, which does not run in this process`)
    for (const target of targets) host.dial(target)
  }

  async #stop(): Promise<void> {
    if (this.#ending) return
    this.#ending = true
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()))
    this.#trace.flush()
    // The channel takes messages in order: once this one is through, all before it are.
    this.#send({ type: 'trace', batch: [] }, () => process.exit(0))
  }

  /** Whoever has seen an answer finds what led to it in the trace, even when the peer is killed right then. */
  #answer(message: FromPeer): void {
    this.#trace.flush()
    this.#send(message)
  }

  #send(message: FromPeer, taken: () => void = ignore): void {
    if (process.connected) process.send?.(message, undefined, undefined, taken)
    else taken()
  }
}

/** Both ends of the channel are this package's own, from one build. */
function fromSupervisor(message: unknown): ToPeer {
  assert(typeof message === 'object' && message !== null && 'type' in message, 'a supervisor message has a type')
  return message as ToPeer
}

function abandon(): void {
  process.exit(1)
}

function ignore(): void {}
