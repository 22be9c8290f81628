import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Testnet } from '../supervisor/testnet.ts'
import { serveControl } from './control-server.ts'
import { type FaultTable, supervisorFaults } from './faults.ts'
import { claimTestnet, type TestnetState } from './state-file.ts'

export interface HostedTestnetOptions {
  /** Folder of all testnets that stay, normally `.infermesh`. */
  readonly root: string
  readonly name: string
  readonly testnet: Testnet
  /** Added to the supervisor's own faults, or put in their place. */
  readonly faults?: FaultTable
  /** Runs before the peers are stopped: end HTTP servers and load here. */
  readonly beforeStop?: () => Promise<void>
}

/** Why a testnet that stayed is over. */
export type Ended = { readonly cause: 'down' } | { readonly cause: 'signal'; readonly signal: NodeJS.Signals; readonly killed: boolean }

/** A testnet that stays until it is told to go: by `down`, by a signal or by its own process. */
export interface HostedTestnet {
  readonly folder: string
  state(): TestnetState
  /** Tells other terminals what is served where. */
  announce(endpoints: Readonly<Record<string, string>>): void
  /** Resolves when everything is gone. A second signal kills the peers at once. */
  readonly ended: Promise<Ended>
  shutDown(): Promise<void>
}

/**
 * Takes the name, listens for other terminals and for signals. Call it before the testnet starts: a signal that comes meanwhile
 * makes `Testnet.start` reject, and `ended` says why.
 */
export async function hostTestnet(options: HostedTestnetOptions): Promise<HostedTestnet> {
  const { name, testnet } = options
  const root = resolve(options.root)
  const socket = socketPath(root, name)
  const claim = claimTestnet(root, name, socket)
  const shutdown = new Shutdown(options, () => {
    claim.release()
    rmSync(socket, { force: true })
  })
  const faults = { ...supervisorFaults(testnet), ...options.faults }
  try {
    const control = await serveControl({ socket, testnet, faults, onDown: () => shutdown.begin({ cause: 'down' }) })
    shutdown.listen(() => control.close())
  } catch (error) {
    claim.release()
    throw error
  }
  return {
    folder: claim.folder,
    state: claim.state,
    announce: claim.announce,
    ended: shutdown.ended,
    shutDown: async () => {
      shutdown.begin({ cause: 'down' })
      await shutdown.ended
    },
  }
}

/** The one way down, whoever asks for it first. */
class Shutdown {
  readonly ended: Promise<Ended>
  readonly #options: HostedTestnetOptions
  readonly #release: () => void
  readonly #settle: PromiseWithResolvers<Ended>
  #closeControl: () => Promise<void> = async () => undefined
  #cause: Ended | undefined

  constructor(options: HostedTestnetOptions, release: () => void) {
    this.#options = options
    this.#release = release
    this.#settle = Promise.withResolvers<Ended>()
    this.ended = this.#settle.promise
  }

  /** From now on signals end the testnet: the first in order, the second at once. */
  listen(closeControl: () => Promise<void>): void {
    this.#closeControl = closeControl
    for (const signal of endSignals) process.on(signal, this.#onSignal)
  }

  begin(cause: Ended): void {
    if (this.#cause) return
    this.#cause = cause
    this.#stop(cause).catch(this.#settle.reject)
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (!this.#cause) this.begin({ cause: 'signal', signal, killed: false })
    else this.#kill({ cause: 'signal', signal, killed: true }).catch(this.#settle.reject)
  }

  async #stop(cause: Ended): Promise<void> {
    await this.#options.beforeStop?.()
    await this.#options.testnet.stopAll()
    await this.#finish(cause)
  }

  async #kill(cause: Ended): Promise<void> {
    this.#ignoreSignals()
    await this.#options.testnet.killAll()
    await this.#finish(cause)
  }

  /** A kill overtakes the stop it cuts short, so both come by here; the first one counts. */
  async #finish(cause: Ended): Promise<void> {
    this.#ignoreSignals()
    this.#release()
    await this.#closeControl()
    this.#settle.resolve(cause)
  }

  #ignoreSignals(): void {
    for (const signal of endSignals) process.off(signal, this.#onSignal)
  }
}

const endSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** In the testnet's folder, unless that path is longer than the system allows for a socket (108 bytes with the final zero). */
function socketPath(root: string, name: string): string {
  const path = join(root, name, 'control.sock')
  if (Buffer.byteLength(path) < 108) return path
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16)
  return join(tmpdir(), `infermesh-${hash}.sock`)
}
